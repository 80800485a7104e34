// The messages of one run, out of a seed: for Node and for browsers.
function makeMessages(seed, count) {
  let state = (seed * 2654435761) >>> 0 || 1;
  const random = (end) => {
    state ^= state << 13; state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5; state >>>= 0;
    return state % end;
  };
  const pool = ["a", " the words that come again", "é", "€", "😀", "{\"key\": 1}", "\u0000", "~"];
  const length = () => [0, 1, random(60), random(130), random(700), random(4000), random(65536)][random(7)];
  const messages = [];
  for (let index = 0; index < count; index += 1) {
    const len = length();
    if (random(2)) {
      const [start, step] = [random(pool.length), random(3)];
      let text = "";
      for (let at = start; text.length < len; at += step) text += pool[at % pool.length];
      messages.push(text);
    } else {
      const bytes = new Uint8Array(len);
      const noise = [1, 4, 256][random(3)];
      for (let at = 0; at < len; at += 1) bytes[at] = noise === 1 ? at / 9 : random(noise);
      messages.push(bytes);
    }
  }
  return messages;
}

function isSame(sent, got) {
  if (typeof sent === "string" || typeof got === "string") return sent === got;
  const bytes = new Uint8Array(got);
  return bytes.length === sent.length && bytes.every((byte, at) => byte === sent[at]);
}

if (typeof module !== "undefined") module.exports = { makeMessages, isSame };
