//! One request on one connection, and what came back: read by the same rooms that read captures.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use corscope::flow::{Chunk, Delivery, Ending, FlowId, Side, Stamp};
use corscope::http::{Exchange, Frames, Headers, Request, Response};
use corscope::session::Sessions;
use corscope::wire::{Endpoint, Moment};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// What a load balancer waits for a connection to a server.
const CONNECT: Duration = Duration::from_secs(10);

/// What a load balancer waits for an answer, unless told otherwise.
const ANSWER: Duration = Duration::from_secs(60);

/// Sends a request to one address and reads the answer; `Err` when it cannot even be sent.
pub(crate) async fn exchange(target: SocketAddr, from: Option<IpAddr>, request: &Request) -> Result<Exchange, String> {
    let mut stream = match timeout(CONNECT, connect(target, from)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(format!("cannot be reached: {error}")),
        Err(_) => return Err(format!("cannot be reached: no answer within {} s", CONNECT.as_secs())),
    };
    let own = stream.local_addr().map_err(|error| format!("the connection has no address: {error}"))?;
    let start = format!("{} {} HTTP/1.1", request.method, request.target);
    let bytes = message(&start, &request.headers, request.body.kept());
    if let Err(error) = stream.write_all(&bytes).await {
        return Err(format!("the request could not be sent: {error}"));
    }
    let mut hearing = Hearing::between(own, target);
    hearing.hear(Side::A, Chunk::Data(&bytes));
    let end = timeout(ANSWER, hearing.until_answered(&mut stream)).await.unwrap_or(Ending::Timeout);
    hearing.end(end).ok_or_else(|| "the request is not HTTP".to_owned())
}

/// Reads one request that has no body.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut hearing = Hearing::between(stream.peer_addr().ok()?, stream.local_addr().ok()?);
    let mut head = Vec::new();
    while corscope::wire::http1::head_end(&head, 0).is_none() {
        let mut block = [0; 4096];
        let read = stream.read(&mut block).await.ok().filter(|read| *read > 0)?;
        head.extend_from_slice(block.get(..read)?);
    }
    hearing.hear(Side::A, Chunk::Data(&head));
    hearing.end(Ending::CaptureEnded)?.request
}

/// Sends a response.
pub(crate) async fn write_response(stream: &mut TcpStream, response: &Response) -> std::io::Result<()> {
    let start = format!("HTTP/1.1 {} {}", response.status, response.reason);
    stream.write_all(&message(&start, &response.headers, response.body.kept())).await
}

async fn connect(target: SocketAddr, from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    socket.connect(target).await
}

/// A message as it goes over the wire: each code point of its head a byte, as it was read.
fn message(start: &str, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut head = format!("{start}\r\n");
    for line in headers.iter() {
        head.extend([line.name, ": ", line.value, "\r\n"]);
    }
    head.push_str("\r\n");
    let latin1 = head.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'));
    latin1.chain(body.iter().copied()).collect()
}

/// A connection as a capture would show it.
struct Hearing {
    sessions: Sessions,
    client: Endpoint,
    server: Endpoint,
    heard: Option<Exchange>,
}

impl Hearing {
    fn between(client: SocketAddr, server: SocketAddr) -> Self {
        let endpoint = |address: SocketAddr| Endpoint { address: address.ip(), port: address.port() };
        let sessions = Sessions::new("live".into());
        Self { sessions, client: endpoint(client), server: endpoint(server), heard: None }
    }

    /// Hears the server out, up to the end of its answer; says how it ended.
    async fn until_answered(&mut self, stream: &mut TcpStream) -> Ending {
        let mut block = vec![0; 64 << 10];
        while self.heard.is_none() {
            match stream.read(&mut block).await {
                Ok(0) => break,
                Ok(read) => self.hear(Side::B, Chunk::Data(block.get(..read).unwrap_or_default())),
                Err(_) => return Ending::Reset,
            }
        }
        Ending::Fin
    }

    /// What was said, when nothing follows.
    fn end(mut self, how: Ending) -> Option<Exchange> {
        for side in [Side::B, Side::A] {
            self.hear(side, Chunk::End(how));
        }
        // No capture: there are no frames to point at.
        self.heard.map(|exchange| Exchange { frames: Frames::default(), ..exchange })
    }

    fn hear(&mut self, side: Side, chunk: Chunk<'_>) {
        let (source, destination) = match side {
            Side::A => (self.client, self.server),
            Side::B => (self.server, self.client),
        };
        let delivery = Delivery { flow: FlowId(0), side, source, destination, from_start: true, stamp: now(), chunk };
        let heard = &mut self.heard;
        self.sessions.push(&delivery, &mut |exchange| {
            heard.get_or_insert(exchange);
        });
    }
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nanoseconds = i128::try_from(since.as_nanos()).unwrap_or_default();
    Stamp { frame: 0, time: Moment::from_nanoseconds(nanoseconds, 6) }
}
