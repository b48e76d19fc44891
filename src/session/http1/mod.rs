//! HTTP/1 on one connection: two readers, and what pairs their messages.

mod exchanges;
mod framing;
mod head;
mod open;
mod reader;
mod request;
mod response;

use crate::flow::{Ending, Stamp};
use crate::http::End;
use crate::session::desk::Desk;
use crate::wire::Endpoint;
use exchanges::Exchanges;
pub(super) use reader::Held;
use reader::Reader;
use request::Requests;
use response::Responses;

/// Which end of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It sends requests.
    Client,
    /// It answers them.
    Server,
}

/// One connection that carries HTTP/1.
#[derive(Debug)]
pub(super) struct Http1 {
    requests: Reader,
    responses: Reader,
    exchanges: Exchanges,
    /// How the client's side ended, and the server's.
    ended: [Option<Ending>; 2],
}

impl Http1 {
    /// `held` is what was looked at already, of the client and of the server.
    pub(super) fn new(connection: u64, [client, server]: [Endpoint; 2], held: [Held; 2]) -> Self {
        let [requests, responses] = held.map(Reader::new);
        Self { requests, responses, exchanges: Exchanges::new(connection, client, server), ended: [None; 2] }
    }

    /// Takes the next bytes of one side.
    pub(super) fn data(&mut self, from: Role, bytes: &[u8], stamp: Stamp, desk: &mut Desk) {
        let exchanges = &mut self.exchanges;
        match from {
            Role::Client => self.requests.data(bytes, stamp, &mut Requests { exchanges, desk }),
            Role::Server => {
                exchanges.server_speaks();
                self.responses.data(bytes, stamp, &mut Responses { exchanges, desk });
                if self.responses.is_tunnel() {
                    self.requests.tunnel();
                }
            }
        }
    }

    /// Takes note of bytes of one side that are not in the capture.
    pub(super) fn gap(&mut self, from: Role, len: u64, cut: bool, stamp: Stamp, desk: &mut Desk) {
        let exchanges = &mut self.exchanges;
        match from {
            Role::Client => self.requests.gap(len, cut, stamp, &mut Requests { exchanges, desk }),
            Role::Server => self.responses.gap(len, cut, stamp, &mut Responses { exchanges, desk }),
        }
    }

    /// Requests were missed before anything was read.
    pub(super) fn lose_requests(&mut self) {
        self.exchanges.lose_requests();
    }

    /// One side has ended. With the other one, what is still under way ends too.
    pub(super) fn end(&mut self, from: Role, how: Ending, desk: &mut Desk) {
        let closed = how == Ending::Fin;
        let exchanges = &mut self.exchanges;
        let [client, server] = &mut self.ended;
        match from {
            Role::Client => {
                *client = Some(how);
                self.requests.finish(closed, &mut Requests { exchanges, desk });
            }
            Role::Server => {
                *server = Some(how);
                self.responses.finish(closed, &mut Responses { exchanges, desk });
            }
        }
        if let (Some(client), Some(server)) = (*client, *server) {
            self.exchanges.finish(end_of(client, server), desk);
        }
    }

    /// Whether what follows is no HTTP any more.
    pub(super) fn is_tunnel(&self) -> bool {
        self.responses.is_tunnel()
    }

    /// The memory that it takes, about.
    pub(super) fn weight(&self) -> usize {
        self.requests.held() + self.responses.held() + self.exchanges.weight()
    }

    /// Gives up what it waits for, to make room.
    pub(super) fn shed(&mut self, desk: &mut Desk) {
        let exchanges = &mut self.exchanges;
        self.requests.give_up(&mut Requests { exchanges, desk });
        self.responses.give_up(&mut Responses { exchanges, desk });
        exchanges.give_up_all(desk);
    }
}

/// How what was under way ended, by how the sides did.
fn end_of(client: Ending, server: Ending) -> End {
    let either = |endings: &[Ending]| endings.contains(&client) || endings.contains(&server);
    if either(&[Ending::Reset]) {
        End::Reset
    } else if either(&[Ending::Fin, Ending::Replaced]) {
        End::Closed
    } else if either(&[Ending::Timeout]) {
        End::Timeout
    } else {
        End::CaptureEnded
    }
}
