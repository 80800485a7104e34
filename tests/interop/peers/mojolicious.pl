# Perl's Mojolicious.
use Mojo::Base -strict, -signatures;
use Mojo::IOLoop;
use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Mojolicious;

$| = 1;
$ENV{MOJO_MAX_WEBSOCKET_SIZE} = 1 << 24;

sub echo ($tx, $done) {
    $tx->max_websocket_size(1 << 24);
    $tx->on(text => sub ($tx, $bytes) {
        my ($command, $number, $reason) = split / /, $bytes;
        if    (($command // '') eq '!close') { $tx->finish($number, $reason) }
        elsif (($command // '') eq '!send')  { $tx->send({binary => "\0" x $number}) }
        else                                 { $tx->send({text => $bytes}) }
    });
    $tx->on(binary => sub ($tx, $bytes) { $tx->send({binary => $bytes}) });
    $tx->on(finish => sub ($tx, $code, $reason) { say "closed $code"; $done->() });
}

my ($role, $url, $count) = @ARGV;
if ($role eq 'client') {
    my $agent = Mojo::UserAgent->new(inactivity_timeout => 60);
    for my $number (0 .. $count - 1) {
        my $headers = {'Sec-WebSocket-Extensions' => 'permessage-deflate'};
        $agent->websocket("$url$number" => $headers => sub ($agent, $tx) {
            return say 'closed 0' if !$tx->is_websocket;
            echo($tx, sub { Mojo::IOLoop->stop });
        });
        Mojo::IOLoop->start;
    }
} else {
    my $app = Mojolicious->new;
    $app->log->level("fatal");
    $app->routes->websocket('/*any' => {any => ''} => sub ($c) {
        $c->tx->with_compression;
        echo($c->tx, sub { });
        $c->rendered(101);
    });
    my $daemon = Mojo::Server::Daemon->new(app => $app, listen => ['http://127.0.0.1:0'], silent => 1);
    $daemon->start;
    say 'listening ', $daemon->ports->[0];
    Mojo::IOLoop->start;
}
