// undici, which is the WebSocket of Node.
const { WebSocket } = require("undici");
const { connectAll } = require("./echo.js");

connectAll(WebSocket, process.argv[3], Number(process.argv[4]), console.log);
