//! The demo's load balancer: its https listener, without the TLS.

use std::net::{IpAddr, SocketAddr};

use corscope::balancer::{Listener, bad_gateway, forward};
use corscope::http::{Exchange, Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

use super::BALANCER;
use crate::connection::{exchange, read_request, write_response};
use crate::replay::trace_id;

/// Starts the load balancer on a port of its own choosing; what goes over the wire between it and
/// the backend is told to `seen`.
pub(super) async fn start(backend: SocketAddr, seen: UnboundedSender<Exchange>) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((BALANCER, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            tokio::spawn(serve(stream, peer.ip(), backend, seen.clone()));
        }
    });
    Ok(address)
}

async fn serve(mut stream: TcpStream, client: IpAddr, backend: SocketAddr, seen: UnboundedSender<Exchange>) {
    let Some(request) = read_request(&mut stream).await else { return };
    let response = forwarded(request, client, backend, &seen).await;
    // Whoever hung up does not want the answer.
    _ = write_response(&mut stream, &response).await;
}

async fn forwarded(
    mut request: Request,
    client: IpAddr,
    backend: SocketAddr,
    seen: &UnboundedSender<Exchange>,
) -> Response {
    request.headers = forward(&request, client, Listener::Https, &trace_id());
    let Ok(exchange) = exchange(backend, Some(BALANCER), &request).await else { return bad_gateway(request.time) };
    let response = exchange.response.clone().unwrap_or_else(|| bad_gateway(request.time));
    // Nobody listens any more when the demo has ended.
    _ = seen.send(exchange);
    response
}
