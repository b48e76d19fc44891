//! The screens, as they look.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::report::samples;

fn plain(analysis: &Analysis, width: usize) -> String {
    drawn(analysis, width, Charset::Unicode)
}

fn drawn(analysis: &Analysis, width: usize, charset: Charset) -> String {
    anstream::adapter::strip_str(&text(analysis, Layout { width, charset }, false)).to_string()
}

#[test]
fn the_canonical_bug() {
    assert_snapshot!("canonical_80", plain(&samples::canonical(), 80));
    assert_snapshot!("canonical_200", plain(&samples::canonical(), 200));
    assert_snapshot!("canonical_ascii", drawn(&samples::canonical(), 80, Charset::Ascii));
    let coloured = text(&samples::canonical(), Layout { width: 80, charset: Charset::Unicode }, false);
    assert_snapshot!("canonical_colour", coloured.replace('\x1b', "␛"));
}

#[test]
fn the_load_balancer_answers() {
    assert_snapshot!("answered_in_front_80", plain(&samples::answered_in_front(), 80));
}

#[test]
fn a_preflight_is_redirected() {
    assert_snapshot!("preflight_redirected_80", plain(&samples::preflight_redirected(), 80));
    let all = text(&samples::preflight_redirected(), Layout { width: 120, charset: Charset::Unicode }, true);
    assert_snapshot!("preflight_redirected_all", anstream::adapter::strip_str(&all).to_string());
}

#[test]
fn not_enough_was_captured() {
    assert_snapshot!("undetermined_80", plain(&samples::undetermined(), 80));
}

#[test]
fn a_call_that_lacks_no_header_fails_at_a_hop_that_is_named() {
    let text = plain(&samples::status_refused(), 100).split_whitespace().collect::<Vec<_>>().join(" ");
    let place =
        "at hop 1, OPTIONS https://request.example.com/items, answered with status 400 (PreflightInvalidStatus)";
    assert!(!text.contains("HERE"), "{text}");
    assert!(text.contains(&format!("where {place}")), "{text}");
    assert!(text.contains(&format!("It goes wrong {place}: who answered there has to answer otherwise.")), "{text}");
}

#[test]
fn a_thousand_calls_of_one_cause() {
    assert_snapshot!("thousand_80", plain(&samples::thousand(), 80));
}

/// Rows and columns of a terminal that nobody has made larger.
const SCREEN: (usize, usize) = (24, 80);

fn summary(ids: &[&'static str]) -> String {
    let text = plain(&samples::causes(ids), SCREEN.1);
    let at = text.find("━━ ► What to change").unwrap_or_default();
    text[at..].to_owned()
}

#[test]
fn the_summary_of_a_few_causes_fits_on_one_screen() {
    const IDS: [&str; 8] = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    for number in 1..=3 {
        // A row is the prompt's.
        assert!(summary(&IDS[..number]).lines().count() < SCREEN.0, "{number}");
    }
    assert_snapshot!("three_causes_80", summary(&IDS[..3]));
    assert_snapshot!("eight_causes_80", summary(&IDS));
}

#[test]
fn one_fix_for_several_values_is_one_fix() {
    let text = plain(&samples::causes(&["one"]), 80);
    assert!(text.contains(
        "  FIX  the CORS layer  all of these, for different calls
      allow_origins=[\"https://a.example\"]
      allow_origins=[\"https://b.example\"]
    ! Beside the origins already there.

  OR   uvicorn
"
    ));
}

#[test]
fn the_wrong_place_to_capture() {
    assert_snapshot!("encrypted_80", plain(&samples::encrypted(), 80));
    assert_snapshot!("nothing_80", plain(&Analysis::default(), 80));
}

#[test]
fn what_comes_from_the_wire_cannot_act() {
    let evil = "\x1b[2J\x07\u{9b}1m\u{202e}|</td>\n# `x` [a](javascript:b) <script>\u{e9}";
    assert_snapshot!("hostile_80", plain(&samples::hostile(evil, evil), 80));
}

/// Removes the sequences that styles are written with: whatever ESC is left came from the wire.
fn without_styles(text: &str) -> String {
    let mut pieces = text.split('\x1b');
    let mut kept = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let styled = piece.strip_prefix('[').and_then(|rest| rest.split_once('m'));
        match styled {
            Some((codes, rest)) if codes.len() <= 2 && codes.bytes().all(|byte| byte.is_ascii_digit()) => {
                kept.push_str(rest);
            }
            _ => return format!("\x1b{piece}"),
        }
    }
    kept
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_control_character_reaches_the_terminal(
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        width in 0_usize..220,
        ascii in any::<bool>(),
    ) {
        let evil = crate::http::latin1(&bytes);
        let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
        let shown = without_styles(&text(&samples::hostile(&evil, &evil), Layout { width, charset }, true));
        prop_assert!(shown.chars().all(|character| character == '\n' || !character.is_control()), "{shown}");
        prop_assert!(!ascii || shown.is_ascii());
    }
}
