//! HTTP/1 on one connection: two readers, and what pairs their messages.

mod exchanges;
mod framing;
mod head;
mod open;
mod reader;
mod request;
mod response;
mod rest;

use crate::flow::{Ending, Stamp};
use crate::http::{Closed, End, Peer, Time};
use crate::session::desk::Desk;
use crate::session::sniff::Expect;
use crate::wire::Endpoint;
use exchanges::Exchanges;
use open::time;
pub(super) use reader::Held;
use reader::Reader;
use request::Requests;
use response::Responses;
pub(super) use rest::Rest;

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
    /// The first FIN or RST, and its sender.
    first_end: Option<(Role, Stamp)>,
}

impl Http1 {
    /// `heard` is what was looked at already, of the client and of the server, and what to expect there.
    pub(super) fn new(connection: u64, [client, server]: [Endpoint; 2], heard: [(Held, Expect); 2]) -> Self {
        let [requests, responses] = heard;
        Self {
            requests: Reader::new::<Requests<'_>>(requests),
            responses: Reader::new::<Responses<'_>>(responses),
            exchanges: Exchanges::new(connection, client, server),
            ended: [None; 2],
            first_end: None,
        }
    }

    /// The bytes that wait on both sides.
    pub(super) fn held(&self) -> usize {
        self.requests.held() + self.responses.held()
    }

    /// Takes the next bytes of one side.
    pub(super) fn data(&mut self, from: Role, bytes: &[u8], stamp: Stamp, desk: &mut Desk) {
        let exchanges = &mut self.exchanges;
        match from {
            Role::Client => {
                self.requests.data(bytes, stamp, &mut Requests { exchanges, desk });
                self.exchanges.request_has_begun(self.requests.is_in_head());
            }
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
            Role::Client => {
                self.requests.gap(len, cut, stamp, &mut Requests { exchanges, desk });
                self.exchanges.request_has_begun(self.requests.is_in_head());
            }
            Role::Server => self.responses.gap(len, cut, stamp, &mut Responses { exchanges, desk }),
        }
    }

    /// Requests were missed before anything was read.
    pub(super) fn lose_requests(&mut self) {
        self.exchanges.lose_requests();
    }

    /// One side has ended. With the other one, what is still under way ends too.
    pub(super) fn end(&mut self, from: Role, how: Ending, stamp: Stamp, desk: &mut Desk) {
        // Of a reset, which ends both sides with one packet, its sender is told first.
        let is_first = self.first_end.is_none_or(|(_, first)| stamp.frame < first.frame);
        if is_first && matches!(how, Ending::Fin | Ending::Reset) {
            self.first_end = Some((from, stamp));
        }
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
            self.exchanges.finish(end_of(client, server), self.first_end.map(closing), desk);
        }
    }

    /// Whether what follows is no HTTP any more.
    pub(super) fn is_tunnel(&self) -> bool {
        self.responses.is_tunnel()
    }

    /// When each request came that is still without its answer.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Time> {
        self.exchanges.waiting()
    }

    /// The memory that it takes, about.
    pub(super) fn weight(&self) -> usize {
        size_of::<Self>() + self.held() + self.exchanges.weight()
    }

    /// Gives up what it waits for, to make room.
    pub(super) fn shed(&mut self, desk: &mut Desk) {
        let exchanges = &mut self.exchanges;
        self.requests.give_up(&mut Requests { exchanges, desk });
        self.responses.give_up(&mut Responses { exchanges, desk });
        exchanges.give_up_all(desk);
    }
}

fn closing((by, stamp): (Role, Stamp)) -> Closed {
    let by = match by {
        Role::Client => Peer::Client,
        Role::Server => Peer::Server,
    };
    Closed { by, time: time(stamp) }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

    use crate::flow::story::{Story, Who};
    use crate::http::{End, Field, Peer, State};
    use crate::session::story::{body, briefs, read};

    const GET: &str = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

    fn answered(answer: impl AsRef<[u8]>) -> crate::http::Exchange {
        let mut story = Story::opened();
        story.client(GET).server(answer).fin(Who::Server).fin(Who::Client);
        let mut read = read(&story);
        assert_eq!(read.len(), 1);
        read.remove(0)
    }

    #[test]
    fn a_body_is_framed_by_what_the_head_says() {
        let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
        let length = answered(head("Content-Length: 4\r\n") + "body");
        assert_eq!((body(&length), length.state), ((4, true, &b"body"[..]), State::Complete));
        let chunked = head("Transfer-Encoding: chunked\r\n") + "3;x=\"y\"\r\nbod\r\n1\r\ny\r\n0\r\nX-Sum: 4\r\n\r\n";
        let chunked = answered(chunked);
        assert_eq!((body(&chunked), chunked.state), ((4, true, &b"body"[..]), State::Complete));
        assert_eq!(chunked.response.unwrap().body.trailers().first("x-sum"), Some("4"));
        let until_close = answered(head("") + "body");
        assert_eq!((body(&until_close), until_close.state), ((4, true, &b"body"[..]), State::Complete));
    }

    #[test]
    fn a_body_that_ends_early_is_not_complete() {
        let early = answered("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody");
        assert_eq!((body(&early), early.state, early.end), ((4, false, &b"body"[..]), State::Truncated, End::Closed));
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 200 OK\r\n\r\nbody").reset(Who::Server);
        let read = read(&story);
        assert_eq!(
            (body(&read[0]), read[0].state, read[0].end),
            ((4, false, &b"body"[..]), State::Truncated, End::Reset)
        );
    }

    #[test]
    fn only_the_beginning_of_a_body_is_kept() {
        let long = answered(["HTTP/1.1 200 OK\r\n\r\n", &"x".repeat(100)].concat());
        assert_eq!((body(&long).0, body(&long).2.len()), (100, 64));
    }

    #[test]
    fn a_connection_carries_one_exchange_after_the_other() {
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n");
        story.client("HEAD /b HTTP/1.1\r\n\r\n").server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
        story
            .client("POST /c HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
            .server("HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n");
        // An empty line too many, and two requests at once.
        story.client("\r\nGET /d HTTP/1.1\r\n\r\nGET /e HTTP/1.1\r\n\r\n");
        story.server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.0 200 \r\nContent-Length: 1\r\n\r\nx");
        let read = read(&story);
        let complete = |target, status| (target, status, State::Complete);
        let expected = [("/a", 204), ("/b", 200), ("/c", 304), ("/d", 200), ("/e", 200)].map(|(t, s)| complete(t, s));
        assert_eq!(briefs(&read), expected);
        let ids: Vec<_> = read.iter().map(|exchange| &*exchange.id).collect();
        assert_eq!(ids, ["0.0", "0.1", "0.2", "0.3", "0.4"]);
        assert!(read.iter().all(|exchange| exchange.warnings.is_empty()));
    }

    #[test]
    fn interim_responses_stand_beside_the_final_one() {
        let mut story = Story::opened();
        story.client("POST /a HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
        story.server("HTTP/1.1 100 Continue\r\n\r\n").client("hi");
        story.server("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n");
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 204, State::Complete)]);
        let interim: Vec<_> = read[0].extras.interim.iter().map(|interim| interim.status).collect();
        assert_eq!(interim, [100, 103]);
        assert_eq!(read[0].frames.response().unwrap().first, 7);
    }

    #[test]
    fn an_answer_may_come_before_the_end_of_the_question() {
        let mut story = Story::opened();
        story
            .client("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo")
            .server("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        story.client("dy").client(GET).server("HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(briefs(&read(&story)), [("/a", 413, State::Complete), ("/a", 204, State::Complete)]);
        let mut story = Story::opened();
        story.client("POST /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbo").server("HTTP/1.1 413 Too Large\r\n\r\n");
        story.fin(Who::Server).reset(Who::Client);
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 413, State::Truncated)]);
        assert_eq!(
            (read[0].end, &read[0].request.as_ref().unwrap().body),
            (End::Reset, &crate::http::Body::new(2, false, b"bo".to_vec()))
        );
    }

    #[test]
    fn after_an_upgrade_nothing_is_read() {
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n");
        story.client(GET).server("HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(briefs(&read(&story)), [("/a", 101, State::Complete)]);
    }

    #[test]
    fn an_unanswered_request_says_how_it_ended() {
        let ended = |end: fn(&mut Story) -> &mut Story| {
            let mut story = Story::opened();
            end(story.client(GET));
            let read = read(&story);
            assert_eq!(briefs(&read), [("/a", 0, State::NoResponse)]);
            read[0].end
        };
        assert_eq!(ended(|story| story.ack(Who::Server).reset(Who::Server)), End::Reset);
        assert_eq!(ended(|story| story.fin(Who::Server).fin(Who::Client)), End::Closed);
        assert_eq!(ended(|story| story), End::CaptureEnded);
    }

    #[test]
    fn who_closed_first_is_told() {
        let closed = |end: fn(&mut Story) -> &mut Story| {
            let mut story = Story::opened();
            end(story.client(GET));
            read(&story).pop().unwrap().extras.closed.map(|closed| (closed.by, closed.time.to_string()))
        };
        let at = |who, millisecond: u8| Some((who, format!("1970-01-01T00:00:00.00{millisecond}000Z")));
        assert_eq!(closed(|story| story.fin(Who::Client).fin(Who::Server)), at(Peer::Client, 5));
        assert_eq!(closed(|story| story.ack(Who::Server).fin(Who::Server).fin(Who::Client)), at(Peer::Server, 6));
        assert_eq!(closed(|story| story.reset(Who::Client)), at(Peer::Client, 5));
        assert_eq!(closed(|story| story.reset(Who::Server)), at(Peer::Server, 5));
        assert_eq!(closed(|story| story.fin(Who::Client).reset(Who::Server)), at(Peer::Client, 5));
        assert_eq!(closed(|story| story), None);
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody";
        let mut story = Story::opened();
        story.client(GET).server(answer).reset(Who::Client);
        assert_eq!(read(&story)[0].extras.closed.as_ref().unwrap().by, Peer::Client);
        // With its last byte, an exchange is over, whoever closes then.
        assert_eq!(answered(answer.replace('9', "4")).extras.closed, None);
    }

    #[test]
    fn a_request_may_race_with_the_close() {
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n").ack(Who::Client).fin(Who::Server);
        story.client("GET /late HTTP/1.1\r\n\r\n").reset(Who::Server);
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 204, State::Complete), ("/late", 0, State::NoResponse)]);
        assert_eq!(read[1].end, End::Reset);
        let closed = read[1].extras.closed.unwrap();
        assert_eq!(closed.by, Peer::Server);
        assert!(closed.time < read[1].request.as_ref().unwrap().time);
    }

    #[test]
    fn a_server_may_speak_unasked() {
        let timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno";
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n").ack(Who::Client);
        story.server(timeout).fin(Who::Server);
        story.client("GET /late HTTP/1.1\r\n\r\n").reset(Who::Server);
        let read = read(&story);
        let expected = [("/a", 204, State::Complete), ("-", 408, State::NoRequest), ("/late", 0, State::NoResponse)];
        assert_eq!(briefs(&read), expected);
        assert_eq!(read[1].warnings, ["no request waited for it: the server sent it by itself"]);
        // Where its request may have been missed, it is not said that there was none.
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n").client(GET).lost().server(timeout);
        let read = crate::session::story::read(&story);
        assert_eq!((briefs(&read)[1], read[1].warnings.len()), (("-", 408, State::NoRequest), 0));
    }

    #[test]
    fn an_answer_may_refuse_the_body_that_was_announced() {
        let mut story = Story::opened();
        story.client("PUT /a HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
        story.server("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
        story.fin(Who::Client).fin(Who::Server);
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 417, State::Truncated)]);
        assert_eq!(read[0].warnings, ["the request was broken off"]);
        assert_eq!(read[0].extras.closed.as_ref().unwrap().by, Peer::Client);
    }

    #[test]
    fn every_form_of_target_and_every_method_is_read() {
        let mut story = Story::opened();
        let targets = ["*", "http://b.example/x?y", "/\u{e9}", "b.example:443", "//x", "/a#b"];
        let methods = ["OPTIONS", "GET", "get", "CONNECT", "M-SEARCH", "!#$%&'*+-.^_`|~"];
        for (method, target) in methods.iter().zip(targets) {
            story.client(format!("{method} {target} HTTP/1.1\r\nHost: b.example\r\n\r\n"));
            story.server("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        }
        let read = read(&story);
        let requests: Vec<_> = read.iter().map(|exchange| exchange.request.as_ref().unwrap()).collect();
        let asked: Vec<_> = requests.iter().map(|request| &*request.method).collect();
        assert_eq!(asked, methods);
        assert!(read.iter().all(|exchange| exchange.state == State::Complete), "{:?}", briefs(&read));
        assert_eq!(requests[2].target, "/\u{c3}\u{a9}");
        let urls: Vec<_> = requests.iter().map(|request| request.url()).collect();
        assert_eq!(urls[..2], [None, Some("http://b.example/x?y")]);
        assert_eq!(urls[3], None);
    }

    #[test]
    fn a_header_line_may_be_as_long_as_servers_take() {
        let cookie = "x".repeat(64 << 10);
        let mut story = Story::opened();
        let request = format!("GET /a HTTP/1.1\r\nCookie: {cookie}\r\n\r\n");
        for piece in request.as_bytes().chunks(1448) {
            story.client(piece);
        }
        story.server(format!("HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nContent-Length: 0\r\n\r\n"));
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 200, State::Complete)]);
        assert_eq!(read[0].request.as_ref().unwrap().headers.first("cookie"), Some(&*cookie));
        assert_eq!(read[0].response.as_ref().unwrap().headers.first("set-cookie"), Some(&*cookie));
    }

    #[test]
    fn old_servers_end_a_body_by_closing_or_by_its_length() {
        let mut story = Story::opened();
        let head = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n";
        story.client("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        story.server([head, "Content-Length: 2\r\n\r\nok"].concat());
        story.client("GET /b HTTP/1.0\r\n\r\n").server([head, "\r\nuntil the end"].concat());
        story.fin(Who::Server).fin(Who::Client);
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 200, State::Complete), ("/b", 200, State::Complete)]);
        assert_eq!((body(&read[0]).0, body(&read[1]).0), (2, 13));
    }

    #[test]
    fn who_is_refused_before_the_body_need_not_send_it() {
        let head = "PUT /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 500\r\n\r\n";
        let mut story = Story::opened();
        story.client(head).server("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        story.client("GET /b HTTP/1.1\r\nHost: a\r\n\r\n").server("HTTP/1.1 204 No Content\r\n\r\n");
        let refused = read(&story);
        assert_eq!(briefs(&refused), [("/a", 401, State::Complete), ("/b", 204, State::Complete)]);
        assert!(refused.iter().all(|exchange| exchange.warnings.is_empty()), "{refused:#?}");
        let mut story = Story::opened();
        story.client(head).server("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
        story.client("x".repeat(500)).client("GET /b HTTP/1.1\r\nHost: a\r\n\r\n").server("HTTP/1.1 204 \r\n\r\n");
        let sent = read(&story);
        assert_eq!(briefs(&sent), [("/a", 401, State::Complete), ("/b", 204, State::Complete)]);
        assert_eq!(sent[0].request.as_ref().unwrap().body.bytes, 500, "nothing forbids it either");
        // Who was told to go on sends it, whatever is in it.
        let mut story = Story::opened();
        story.client(head).server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
        story.client(format!("{:500}", "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert_eq!(briefs(&read(&story)), [("/a", 413, State::Complete)]);
    }

    #[test]
    fn a_request_without_version_is_no_request_but_its_refusal_is_told() {
        let mut story = Story::opened();
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n");
        story.client("GET /old\r\n").server("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        story.client(GET).server("HTTP/1.1 204 No Content\r\n\r\n");
        let read = read(&story);
        let expected = [("/a", 204, State::Complete), ("-", 400, State::NoRequest), ("/a", 204, State::Complete)];
        assert_eq!(briefs(&read), expected);
    }

    #[test]
    fn oddities_are_told_and_tolerated() {
        let mut story = Story::opened();
        story.client(
            "GET /a b HTTP/1.0\nHost : a\n folded\nnonsense\nContent-Length: 0\nContent-Length: 1\nX-\u{e9}: 1\n\n",
        );
        story.server("HTTP/1.0 200\r\nTransfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n1\nx\n0\n\n");
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a b", 200, State::Complete)]);
        let expected = [
            "the request has an odd header name 'Host'",
            "the request has a folded header line (obsolete): it was joined",
            "the request has a line that is no header: 'nonsense'",
            "the request has an odd header name 'X-\u{c3}\u{a9}'",
            "the request has lines that end with a bare LF",
            "the request target holds spaces",
            "Content-Length is given as 0 and as 1: a smuggling risk; the first is followed",
            "Transfer-Encoding and Content-Length contradict each other: a smuggling risk; the former is followed",
            "Transfer-Encoding is unknown to HTTP/1.0: a smuggling risk; it is followed",
        ];
        assert_eq!(read[0].warnings, expected);
        assert_eq!(&*read[0].protocol, "HTTP/1.0");
        assert_eq!(body(&read[0]), (1, true, &b"x"[..]));
    }

    #[test]
    fn what_the_snapshot_length_cut_off_is_unseen() {
        let mut story = Story::opened();
        story.client("GET /a HTTP/1.1\r\nHost: a.example\r\nX-Cut: 1234\r\n\r\n").cut(10);
        story.server("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://a.example/b\r\n\r\n").cut(20);
        story
            .client("GET /b HTTP/1.1\r\n\r\n")
            .server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789")
            .cut(4);
        story
            .client("GET /c HTTP/1.1\r\n\r\n")
            .server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
            .server("0123456789")
            .cut(10);
        let read = read(&story);
        let expected = [("/a", 307, State::Truncated), ("/b", 200, State::Truncated), ("/c", 200, State::Truncated)];
        assert_eq!(briefs(&read), expected);
        assert_eq!(read[0].request.as_ref().unwrap().headers.get("host"), Field::Unseen);
        assert_eq!(read[0].response.as_ref().unwrap().headers.get("location"), Field::Unseen);
        assert_eq!(read[0].warnings.len(), 2);
        assert_eq!(body(&read[1]), (10, false, &b"012345"[..]));
        assert_eq!(read[1].warnings, ["4 bytes of the response were not captured: the snapshot length cut them off"]);
        let frames = read[2].frames.response().unwrap();
        assert_eq!((frames.first, frames.last), (9, 10));
    }

    #[test]
    fn a_head_that_never_ends_is_given_up() {
        let mut story = Story::opened();
        story.client("GET /a HTTP/1.1\r\n");
        for _ in 0..6 {
            story.client("x: y\r\n".repeat(8000)).ack(Who::Server);
        }
        story.server("HTTP/1.1 431 Too Large\r\nContent-Length: 0\r\n\r\n");
        let read = read(&story);
        assert_eq!(briefs(&read), [("/a", 431, State::Truncated)]);
        assert_eq!(read[0].warnings.last().unwrap(), "the request is too long to be read");
    }
}
