use super::{Decoded, decode};
use crate::wire::{LinkType, Moment, Packet, Segment};

pub(super) fn packet(link: LinkType, data: &[u8]) -> Packet<'_> {
    let original_len = u32::try_from(data.len()).unwrap();
    Packet { number: 1, time: Moment::default(), link, data, original_len }
}

pub(super) fn ethernet(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2][..], &kind.to_be_bytes(), payload].concat()
}

/// From 10.0.0.1 to 10.0.0.2.
pub(super) fn ipv4(tcp: &[u8]) -> Vec<u8> {
    ipv4_with(6, tcp)
}

/// With another protocol than TCP.
pub(super) fn ipv4_with(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b] = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    [&[0x45, 0, a, b, 0, 0, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2][..], payload].concat()
}

/// From `fd00::1` to `fd00::2`.
pub(super) fn ipv6(tcp: &[u8]) -> Vec<u8> {
    ipv6_with(6, tcp)
}

/// With another next header than TCP.
pub(super) fn ipv6_with(next: u8, payload: &[u8]) -> Vec<u8> {
    let [a, b] = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let address = |last| [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last];
    [&[0x60, 0, 0, 0, a, b, next, 64][..], &address(1), &address(2), payload].concat()
}

/// From port 40000 to port 8000, with sequence number 1000, acknowledging 2000.
pub(super) fn tcp(payload: &[u8]) -> Vec<u8> {
    let ports = [40000_u16.to_be_bytes(), 8000_u16.to_be_bytes()].concat();
    [&ports, &1000_u32.to_be_bytes()[..], &2000_u32.to_be_bytes(), &[0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0], payload]
        .concat()
}

pub(super) fn segment<'a>(packet: &Packet<'a>) -> Segment<'a> {
    match decode(packet) {
        Decoded::Tcp(segment) => segment,
        other => panic!("{other:?}"),
    }
}

/// The packet is complete and is `hello` from port 40000 to port 8000.
pub(super) fn assert_hello(link: LinkType, data: &[u8]) {
    let segment = segment(&packet(link, data));
    assert_eq!(segment.payload, b"hello");
    assert_eq!(segment.cut_off, 0);
    assert_eq!((segment.source.port, segment.destination.port), (40000, 8000));
    assert_eq!((segment.sequence, segment.acknowledgement), (1000, 2000));
}

/// The name of what was found where that is no segment.
pub(super) fn outcome(link: LinkType, data: &[u8]) -> String {
    outcome_of(&packet(link, data))
}

pub(super) fn outcome_of(packet: &Packet<'_>) -> String {
    format!("{:?}", decode(packet))
}
