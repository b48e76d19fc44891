//! What is written is read back equal, whatever the exchange holds.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::names::{APIS, CREDENTIALS, DESTINATIONS, MODES, REDIRECTS};
use super::{Bodies, Importer, Writer};
use crate::http::{
    Body, Carrier, Closed, Context, End, Exchange, Extra, FrameSpan, Frames, Headers, Peer, Request, Response, State,
    Target, Time, Vantage, latin1, trim_ows,
};

fn wire_text() -> impl Strategy<Value = String> {
    vec(any::<u8>(), 0..12).prop_map(|bytes| trim_ows(&latin1(&bytes)).to_owned())
}

fn time() -> impl Strategy<Value = Time> {
    (-2_000_000_000_i128..5_000_000_000, 0..1_000_000_000_i128, 0..=9_u8).prop_map(|(second, part, digits)| {
        let step = 10_i128.pow(u32::from(9 - digits));
        Time::from_nanoseconds(second * 1_000_000_000 + part / step * step, digits)
    })
}

fn headers() -> impl Strategy<Value = Headers> {
    (vec((wire_text(), wire_text()), 0..5), any::<bool>()).prop_map(|(lines, complete)| {
        let lines: Headers = lines.into_iter().collect();
        if complete { lines } else { lines.into_partial() }
    })
}

fn body() -> impl Strategy<Value = Body> {
    (vec(any::<u8>(), 0..9), 0..5_u64, any::<bool>())
        .prop_map(|(kept, more, complete)| Body::new(kept.len() as u64 + more, complete, kept))
}

fn with_trailers(mut body: Body, trailers: Headers) -> Body {
    body.set_trailers(trailers);
    body
}

fn request() -> impl Strategy<Value = Request> {
    (time(), option::of(time()), wire_text(), wire_text(), option::of(wire_text()), headers(), headers(), body())
        .prop_map(|(time, end_time, method, target, url, headers, trailers, body)| Request {
            time,
            end_time,
            method: method.into(),
            target: Target::new(&target, url.map(|rest| format!("https://{rest}"))),
            headers,
            body: with_trailers(body, trailers),
        })
}

fn response() -> impl Strategy<Value = Response> {
    (time(), option::of(time()), any::<u16>(), wire_text(), headers(), headers(), body()).prop_map(
        |(time, end_time, status, reason, headers, trailers, body)| Response {
            time,
            end_time,
            status,
            reason: reason.into(),
            headers,
            body: with_trailers(body, trailers),
        },
    )
}

/// One of the words that the file knows for a field.
fn word(words: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    option::of(select(words).prop_map(str::to_owned))
}

fn context() -> impl Strategy<Value = Context> {
    let origin = word(&["null", "https://client.example.com", "http://10.0.0.1:8080"]);
    let page_url = word(&["about:blank", "https://client.example.com/app?a=b#c"]);
    let known = (origin, word(&MODES), word(&CREDENTIALS), word(&REDIRECTS));
    let of_request = (page_url, word(&APIS), word(&DESTINATIONS));
    (known, of_request, vec(option::of(wire_text()), 2)).prop_map(|(known, of_request, values)| {
        let (page_origin, mode, credentials, redirect) = known;
        let (page_url, api, destination) = of_request;
        let mut values = values.into_iter();
        let mut next = || values.next().flatten();
        Context {
            page_origin,
            page_url,
            page_csp: next(),
            mode,
            credentials,
            redirect,
            api,
            destination,
            fetch: next(),
        }
    })
}

/// At least one: of an interrupted connection it may be an interim response alone.
fn messages() -> impl Strategy<Value = (Option<Request>, Vec<Response>, Option<Response>)> {
    (option::of(request()), vec(response(), 0..3), option::of(response()))
        .prop_filter("at least one", |(request, interim, response)| {
            request.is_some() || !interim.is_empty() || response.is_some()
        })
}

fn frames() -> impl Strategy<Value = Frames> {
    let span = || option::of((any::<u64>(), any::<u64>()).prop_map(|(first, last)| FrameSpan { first, last }));
    // Close together, as of a capture, or anywhere.
    let near = || option::of((1..9_u64, 9..20_u64).prop_map(|(first, last)| FrameSpan { first, last }));
    prop_oneof![(span(), span()), (near(), near())].prop_map(|(request, response)| Frames::new(request, response))
}

prop_compose! {
    fn exchange()(
        names in (wire_text(), wire_text(), wire_text()),
        vantage in prop_oneof![Just(Vantage::Client), Just(Vantage::Backend), Just(Vantage::Direct)],
        state in prop_oneof![
            Just(State::Complete), Just(State::NoResponse), Just(State::NoRequest), Just(State::Truncated)
        ],
        end in prop_oneof![
            Just(End::Complete), Just(End::Reset), Just(End::Closed), Just(End::Timeout), Just(End::CaptureEnded)
        ],
        closed in option::of((prop_oneof![Just(Peer::Client), Just(Peer::Server)], time())),
        connection in any::<u64>(),
        addresses in any::<(Option<(std::net::Ipv4Addr, u16)>, Option<(std::net::Ipv6Addr, u16)>)>(),
        frames in frames(),
        messages in messages(),
        warnings in vec(wire_text(), 0..3),
        context in option::of(context()),
        redacted in vec(wire_text(), 0..3),
    ) -> Exchange {
        Exchange {
            id: names.0.into(),
            carrier: Arc::new(Carrier {
                source: names.1.into(),
                protocol: names.2.into(),
                connection,
                client: addresses.0.map(Into::into),
                server: addresses.1.map(Into::into),
            }),
            vantage,
            frames,
            request: messages.0,
            response: messages.2,
            state,
            end,
            warnings: warnings.into(),
            extras: Extra {
                interim: messages.1,
                closed: closed.map(|(by, time)| Closed { by, time }),
                context,
                redacted,
            }
            .into(),
        }
    }
}

fn written(exchange: &Exchange) -> String {
    let mut writer = Writer::new(Bodies::Kept);
    writer.write(exchange);
    writer.into_lines()
}

proptest! {
    #[test]
    fn an_exchange_survives_the_file(exchange in exchange()) {
        let line = written(&exchange);
        prop_assert_eq!(line.find('\n'), Some(line.len() - 1));
        let mut read = Vec::new();
        let mut importer = Importer::new("elsewhere".into());
        importer.push(line.as_bytes(), &mut |one| read.push(one));
        importer.finish(&mut |one| read.push(one));
        prop_assert_eq!(read.as_slice(), &[Ok(exchange)]);
        // Times compare by the moment alone: the digits show in what is written again.
        let again = read.pop().and_then(Result::ok).map(|exchange| written(&exchange));
        prop_assert_eq!(again, Some(line));
    }
}
