//! One request on one connection, and what came back: read by the same room that reads captures.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use corscope::flow::{Chunk, Delivery, Ending, FlowId, Side, Stamp};
use corscope::http::{End, Exchange, Request, Response};
use corscope::session::Sessions;
use corscope::wire::Endpoint;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// What a load balancer waits for a connection to a server.
const CONNECT: Duration = Duration::from_secs(10);

/// What a load balancer waits for an answer, unless told otherwise.
const ANSWER: Duration = Duration::from_secs(60);

/// Sends a request to the target and reads the answer; `Err` when it cannot even be sent.
pub(super) async fn exchange(
    target: SocketAddr,
    from: Option<IpAddr>,
    request: &Request,
) -> Result<(Option<Response>, End), String> {
    let connected = timeout(CONNECT, connect(target, from)).await;
    let mut stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(format!("cannot be reached: {error}")),
        Err(_) => return Err("cannot be reached: no answer within 10 s".to_owned()),
    };
    let bytes = bytes_of(request);
    if let Err(error) = stream.write_all(&bytes).await {
        return Err(format!("the request could not be sent: {error}"));
    }
    let mut reading = Reading::of(&bytes);
    Ok(timeout(ANSWER, reading.until_answered(&mut stream)).await.unwrap_or((None, End::Timeout)))
}

async fn connect(target: SocketAddr, from: Option<IpAddr>) -> std::io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from {
        socket.bind((from, 0).into())?;
    }
    socket.connect(target).await
}

/// The request as the load balancer sends it: each code point a byte, as it was read.
fn bytes_of(request: &Request) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", request.method, request.target);
    for line in request.headers.iter() {
        head.extend([&line.name, ": ", &line.value, "\r\n"]);
    }
    head.push_str("\r\n");
    let latin1 = head.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'));
    latin1.chain(request.body.kept.iter().copied()).collect()
}

/// A connection as it would be captured.
struct Reading {
    sessions: Sessions,
    answered: Option<Exchange>,
}

impl Reading {
    fn of(request: &[u8]) -> Self {
        let mut reading = Self { sessions: Sessions::new("replay".into()), answered: None };
        reading.hear(Side::A, Chunk::Data(request));
        reading
    }

    async fn until_answered(&mut self, stream: &mut TcpStream) -> (Option<Response>, End) {
        let mut block = vec![0; 64 << 10];
        let mut end = Ending::Fin;
        while self.answered.is_none() {
            match stream.read(&mut block).await {
                Ok(0) => break,
                Ok(read) => self.hear(Side::B, Chunk::Data(block.get(..read).unwrap_or_default())),
                Err(_) => {
                    end = Ending::Reset;
                    break;
                }
            }
        }
        for side in [Side::B, Side::A] {
            self.hear(side, Chunk::End(end));
        }
        self.answered.take().map_or((None, End::Closed), |exchange| (exchange.response, exchange.end))
    }

    fn hear(&mut self, side: Side, chunk: Chunk<'_>) {
        let nobody = Endpoint { address: IpAddr::from([0, 0, 0, 0]), port: 0 };
        let delivery =
            Delivery { flow: FlowId(0), side, source: nobody, destination: nobody, stamp: Stamp::default(), chunk };
        let answered = &mut self.answered;
        self.sessions.push(&delivery, &mut |exchange| {
            answered.get_or_insert(exchange);
        });
    }
}
