//! Whole screens as text, of a recorded capture and of hostile bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up shall fail")]

use std::path::Path;
use std::sync::Arc;

use corscope::analyzer::{Analysis, Keep, Options, Part, SourceKind, analyze};
use corscope::report::Charset;
use corscope::screen::keys::Key;
use corscope::screen::{Effect, Live, Message, Model, Setup, Snapshot, draw};
use corscope::wire::capture::Reader;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 36), (200, 50)];

#[test]
fn the_first_screen_shows_what_goes_wrong() {
    for size in SIZES {
        insta::assert_snapshot!(named("list", size), screen(&model(size)));
    }
}

#[test]
fn enter_leads_to_the_ladder() {
    for size in SIZES {
        insta::assert_snapshot!(named("ladder", size), screen(&pressed(size, &[Key::Enter])));
    }
}

#[test]
fn headers_stand_hop_by_hop() {
    for size in SIZES {
        insta::assert_snapshot!(named("headers", size), screen(&pressed(size, &[Key::Char('2')])));
    }
}

#[test]
fn heads_are_shown_as_they_were_sent() {
    insta::assert_snapshot!("heads", screen(&pressed((120, 36), &[Key::Char('3'), Key::Char('[')])));
}

#[test]
fn help_is_read_from_the_table() {
    for size in SIZES {
        insta::assert_snapshot!(named("help", size), screen(&pressed(size, &[Key::Char('?')])));
    }
}

#[test]
fn a_filter_says_at_once_whether_it_can_be_read() {
    let mut model = pressed((80, 24), &[Key::Char('/')]);
    model.update(Message::Paste("outcome:allowed".to_owned()));
    insta::assert_snapshot!("filter", screen(&model));
    model.update(Message::Paste(" colour:red".to_owned()));
    assert!(screen(&model).contains("no filter: at character"), "{}", screen(&model));
}

#[test]
fn the_last_term_of_a_filter_is_taken_away_as_a_word_is() {
    let mut model = pressed((80, 24), &[Key::Char('/')]);
    model.update(Message::Paste("outcome:blocked  path:/items ".to_owned()));
    let mut first = || {
        model.update(Message::Key(Key::Ctrl('w')));
        screen(&model).lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(first(), " Filter  outcome:blocked  _  ok, 4 calls");
    assert_eq!(first(), " Filter  _  such as outcome:blocked path:/items");
    assert_eq!(first(), " Filter  _  such as outcome:blocked path:/items");
}

#[test]
fn a_filter_is_applied_once_to_all_that_is_typed_together() {
    let mut model = pressed((80, 24), &[Key::Char('/')]);
    for key in "outcome:allowed".chars().map(Key::Char) {
        assert_eq!(model.take(Message::Key(key)), None);
    }
    assert!(screen(&model).contains("Calls 1/6"), "{}", screen(&model));
    // Whatever is not typed finds it applied.
    model.take(Message::Key(Key::Enter));
    model.take(Message::Key(Key::Char('G')));
    assert!(screen(&model).contains("Calls 1/1"), "{}", screen(&model));
}

#[test]
fn the_end_of_a_long_filter_is_seen_while_it_is_typed() {
    let mut model = pressed((40, 24), &[Key::Char('/')]);
    model.update(Message::Paste("outcome:blocked host:request.example.com path:/items".to_owned()));
    let first = |model: &Model| screen(model).lines().next().unwrap_or_default().to_owned();
    assert_eq!(first(&model), " Filter  …uest.example.com path:/items_…");
    model.update(Message::Key(Key::Enter));
    assert_eq!(first(&model), " Filter  outcome:blocked host:request.e…");
}

#[test]
fn nothing_at_all_is_a_screen_too() {
    insta::assert_snapshot!("empty", screen(&Model::new(Analysis::default(), setup((80, 24)))));
}

#[test]
fn a_capture_that_is_encrypted_leads_to_where_to_capture() {
    let encrypted = || {
        let mut analysis = recorded();
        Arc::make_mut(&mut analysis.chains).clear();
        analysis.sources[0].unread.tls = 3;
        analysis
    };
    insta::assert_snapshot!("encrypted", screen(&Model::new(encrypted(), setup((80, 24)))));
    let mut live = watched(0);
    live.update(Message::Analysis(Box::new(Snapshot::new(encrypted()))));
    assert!(screen(&live).contains("Waiting for calls") && screen(&live).contains("3 TLS connections not readable"));
}

#[test]
fn what_is_lost_or_unknown_is_counted_where_something_is() {
    let mut analysis = recorded();
    assert!(!screen(&model((120, 36))).contains("lost"));
    analysis.sources[0].lost_bytes = 12;
    let shown = screen(&Model::new(analysis, setup((120, 36))));
    assert!(shown.contains("4 blocked  lost 12 B  ? help"), "{shown}");
}

#[test]
fn what_is_cut_off_is_marked() {
    for columns in [30, 40, 50] {
        let shown = screen(&pressed((columns, 24), &[Key::Enter]));
        assert!(shown.lines().any(|line| line.ends_with("…│")), "{columns}\n{shown}");
        let moved = screen(&pressed((columns, 24), &[&[Key::Enter][..], &[Key::Char('l'); 20]].concat()));
        assert!(!moved.contains("…│"), "moved to its end nothing is cut off\n{moved}");
    }
    let on_sixty = screen(&pressed((60, 24), &[Key::Enter]));
    assert!(!on_sixty.contains("…│"), "there is room for all\n{on_sixty}");
    let bar = |shown: String| shown.lines().last().unwrap_or_default().trim_end().to_owned();
    assert!(bar(screen(&model((30, 24)))).ends_with('…'));
    let mut ascii = setup((30, 24));
    ascii.charset = Charset::Ascii;
    assert!(bar(screen(&Model::new(recorded(), ascii))).ends_with('~'));
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in (1..60).step_by(7) {
        for rows in (1..30).step_by(4) {
            for keys in [&[][..], &[Key::Enter], &[Key::Char('2')], &[Key::Char('?')]] {
                screen(&pressed((columns, rows), keys));
            }
        }
    }
    assert!(screen(&model((19, 5))).contains("too small"));
}

#[test]
fn a_terminal_may_shrink_before_it_says_so() {
    for keys in [&[][..], &[Key::Enter], &[Key::Char('?')]] {
        let model = pressed((200, 50), keys);
        let mut terminal = Terminal::new(TestBackend::new(30, 8)).unwrap();
        terminal.draw(|frame| draw(&model, frame)).unwrap();
    }
}

#[test]
fn hostile_bytes_reach_no_cell() {
    let mut analysis = recorded();
    let mut calls: Vec<_> = analysis.reports().collect();
    for call in &mut calls {
        call.judgement.asked.url = "https://a.example/\u{1b}[2J\u{202e}\u{9b}".to_owned();
        for hop in &mut call.judgement.hops {
            hop.url.push_str("\u{1b}]0;x\u{7}");
            if let Some(exchange) = &mut hop.exchange {
                let exchange = Arc::make_mut(exchange);
                exchange.request.as_mut().unwrap().headers.push("origin\u{1b}[31m", "\u{1b}c\u{200b}");
            }
        }
    }
    analysis.chains = Arc::new(calls.into_iter().map(Into::into).collect());
    for tab in ['1', '2', '3'] {
        let mut model = Model::new(analysis.clone(), setup((120, 36)));
        model.update(Message::Key(Key::Char('[')));
        model.update(Message::Key(Key::Char(tab)));
        let text = screen(&model);
        let acted_upon = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(acted_upon) && !text.contains(['\u{202e}', '\u{200b}']), "{text}");
        assert!(text.contains(r"\x1B"), "{text}");
    }
}

#[test]
fn ascii_and_no_colours_are_obeyed() {
    let plain = Setup { charset: Charset::Ascii, colours: false, ..setup((120, 36)) };
    let model = Model::new(recorded(), plain);
    let text = screen(&model);
    assert!(text.is_ascii(), "{text}");
    assert!(text.contains("X B") && text.contains("HERE"), "{text}");
    let buffer = buffer(&model);
    assert!(buffer.content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn secrets_are_shown_only_after_a_yes() {
    let mut model = pressed((120, 36), &[Key::Char('P')]);
    assert!(screen(&model).contains("Show credentials"));
    model.update(Message::Key(Key::Char('n')));
    assert!(!screen(&model).contains("SECRETS SHOWN"));
    model.update(Message::Key(Key::Char('P')));
    model.update(Message::Key(Key::Char('y')));
    assert!(screen(&model).contains("SECRETS SHOWN"));
    model.update(Message::Key(Key::Char('P')));
    assert!(!screen(&model).contains("SECRETS SHOWN"));
}

#[test]
fn keys_move_and_answer_with_effects() {
    let mut model = model((120, 36));
    assert_eq!(
        model.update(Message::Key(Key::Char('y'))),
        Some(Effect::Copy("uvicorn app:app --proxy-headers --forwarded-allow-ips '127.0.0.9'".to_owned()))
    );
    model.update(Message::Key(Key::Char('G')));
    assert!(screen(&model).contains("Calls 6/6"));
    model.update(Message::Key(Key::Char('g')));
    model.update(Message::Key(Key::Char('g')));
    assert!(screen(&model).contains("Calls 1/6"));
    model.update(Message::Click(3, 5));
    assert!(screen(&model).contains("Calls 2/6"), "{}", screen(&model));
    model.update(Message::Wheel(3, 5, true));
    assert!(screen(&model).contains("Calls 5/6"));
    assert_eq!(model.update(Message::Key(Key::Enter)), None);
    assert_eq!(model.update(Message::Key(Key::Char('q'))), None);
    assert_eq!(model.update(Message::Key(Key::Char('q'))), Some(Effect::Quit));
    assert_eq!(model.update(Message::Key(Key::Char('Q'))), Some(Effect::Quit));
}

#[test]
fn a_list_that_is_longer_than_its_pane_moves_no_further_than_it_must() {
    let mut model = model((80, 6));
    let shown = |model: &Model| screen(model).lines().skip(2).take(2).map(str::to_owned).collect::<Vec<_>>();
    let at_top = shown(&model);
    let mut press = |key| {
        model.update(Message::Key(Key::Char(key)));
        shown(&model)
    };
    assert_eq!(press('j'), at_top);
    let moved = press('j');
    assert_eq!(moved[0], at_top[1], "by one line");
    assert_eq!(press('k'), moved, "the chosen one is in sight");
    let at_end = press('G');
    assert_eq!(press('k'), at_end);
}

#[test]
fn escape_leads_back_and_never_ends() {
    let mut model = pressed((120, 36), &[Key::Char('/')]);
    model.update(Message::Paste("outcome:allowed".to_owned()));
    for key in [Key::Enter, Key::Enter, Key::Char('\\'), Key::Esc, Key::Esc] {
        model.update(Message::Key(key));
    }
    assert!(screen(&model).contains("> Calls 1/1"), "{}", screen(&model));
    assert_eq!(model.update(Message::Key(Key::Esc)), None);
    assert!(screen(&model).contains("> Calls 2/6"), "{}", screen(&model));
    assert_eq!(model.update(Message::Key(Key::Esc)), None);
    assert!(screen(&model).contains("q ends"), "{}", screen(&model));
}

#[test]
fn a_click_below_the_calls_chooses_none_that_is_not_shown() {
    let mut model = model((80, 6));
    model.update(Message::Click(5, 3));
    assert!(screen(&model).contains("Calls 2/6"), "{}", screen(&model));
    model.update(Message::Click(5, 4));
    assert!(screen(&model).contains("Calls 2/6"), "{}", screen(&model));
}

#[test]
fn a_tab_is_opened_by_a_click_on_its_name() {
    let mut model = model((120, 36));
    let row = screen(&model).lines().position(|line| line.contains("[1 Explain]")).unwrap();
    let row = u16::try_from(row).unwrap();
    for (name, first, last) in [("[2 Headers]", 49, 59), ("[3 Raw heads]", 60, 72), ("[1 Explain]", 38, 48)] {
        for column in [first, last] {
            model.update(Message::Click(column, row));
            assert!(screen(&model).contains(name), "{column}\n{}", screen(&model));
        }
        model.update(Message::Click(last + 30, row));
        assert!(screen(&model).contains(name), "beside the names nothing is opened");
    }
}

#[test]
fn where_the_headers_drop_off_is_in_sight() {
    for size in [(80, 12), (80, 24), (100, 24), (120, 36), (60, 16)] {
        let shown = screen(&pressed(size, &[Key::Enter]));
        assert!(shown.contains("HERE"), "{size:?}\n{shown}");
    }
}

#[test]
fn a_live_capture_waits_for_its_first_call() {
    let mut model = Model::new(Analysis::default(), setup((80, 24)));
    model.update(live(3));
    insta::assert_snapshot!("live-nothing", screen(&model));
}

#[test]
fn the_chosen_call_stays_chosen_while_the_list_grows() {
    let mut model = watched(2);
    model.update(Message::Key(Key::Char('j')));
    for calls in 3..=6 {
        model.update(known(calls));
    }
    insta::assert_snapshot!("live-grown", screen(&model));
    // The oldest were let go.
    model.update(Message::Analysis(Box::new(Snapshot::new(newest(5)))));
    assert!(screen(&model).contains("Calls 1/5"), "{}", screen(&model));
}

#[test]
fn the_newest_call_is_followed_on_request() {
    let mut model = watched(2);
    model.update(Message::Key(Key::Char('F')));
    model.update(known(4));
    assert!(screen(&model).contains("Calls 4/4") && screen(&model).contains("FOLLOWS lo"), "{}", screen(&model));
    // Whoever goes elsewhere stays there.
    model.update(Message::Key(Key::Char('k')));
    model.update(known(6));
    assert!(screen(&model).contains("Calls 3/6") && screen(&model).contains("LIVE lo"), "{}", screen(&model));
}

#[test]
fn a_pause_loses_nothing() {
    let mut model = watched(2);
    model.update(Message::Key(Key::Char('p')));
    model.update(known(5));
    assert!(screen(&model).contains("Calls 1/2") && screen(&model).contains("PAUSED +3"), "{}", screen(&model));
    model.update(Message::Key(Key::Char('p')));
    assert!(screen(&model).contains("Calls 1/5"), "{}", screen(&model));
}

#[test]
fn a_filter_that_is_being_typed_does_not_empty_a_growing_list() {
    let mut model = watched(2);
    model.update(Message::Key(Key::Char('/')));
    model.update(Message::Paste("outcome:".to_owned()));
    model.update(known(4));
    assert!(screen(&model).contains("Calls 1/4"), "{}", screen(&model));
}

#[test]
fn what_a_live_capture_lost_is_said() {
    let mut model = watched(2);
    let lost = Live { dropped_by_kernel: 12, dropped_by_queue: 3, let_go: 7, ..Live::default() };
    model.update(Message::Live(Box::new(lost)));
    let shown = screen(&model);
    assert!(shown.contains("12 DROPPED by the kernel  3 DROPPED by the queue  7 let go"), "{shown}");
}

#[test]
fn live_keys_are_shown_where_they_are_of_use() {
    let help = |mut model: Model| {
        model.update(Message::Key(Key::Char('?')));
        screen(&model)
    };
    assert!(help(watched(1)).contains("follow the newest call"));
    assert!(!help(model((120, 36))).contains("follow the newest call"));
    let mut model = model((120, 36));
    model.update(Message::Key(Key::Char('F')));
    assert!(screen(&model).contains("only a live capture"));
}

/// A live capture that knows so many of the recorded calls.
fn watched(calls: usize) -> Model {
    let mut model = Model::new(Analysis::default(), setup((120, 36)));
    model.update(live(0));
    model.update(known(calls));
    model
}

fn live(packets: u64) -> Message {
    Message::Live(Box::new(Live { interface: "lo".to_owned(), packets, ..Live::default() }))
}

fn known(calls: usize) -> Message {
    let mut analysis = recorded();
    Arc::make_mut(&mut analysis.chains).truncate(calls);
    Message::Analysis(Box::new(Snapshot::new(analysis)))
}

fn newest(calls: usize) -> Analysis {
    let mut analysis = recorded();
    let gone = analysis.chains.len() - calls;
    Arc::make_mut(&mut analysis.chains).drain(..gone);
    analysis
}

fn named(name: &str, (columns, rows): (u16, u16)) -> String {
    format!("{name}-{columns}x{rows}")
}

fn setup(size: (u16, u16)) -> Setup {
    Setup { size, charset: Charset::Unicode, colours: true, show_secrets: false, filter: String::new() }
}

fn model(size: (u16, u16)) -> Model {
    Model::new(recorded(), setup(size))
}

fn pressed(size: (u16, u16), keys: &[Key]) -> Model {
    let mut model = model(size);
    for key in keys {
        model.update(Message::Key(*key));
    }
    model
}

fn recorded() -> Analysis {
    static RECORDED: std::sync::OnceLock<Analysis> = std::sync::OnceLock::new();
    RECORDED.get_or_init(read).clone()
}

fn read() -> Analysis {
    let path: Arc<str> = "fastapi-broken.pcapng".into();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures").join(&*path);
    let bytes = std::fs::read(file).unwrap();
    let mut part = Part::new(&path, Keep::Errors);
    Reader::new().push(&bytes, true, &mut |packet| part.packet(&packet)).unwrap();
    analyze(vec![part.finish(path, SourceKind::Pcapng, bytes.len() as u64)], &Options::default())
}

fn buffer(model: &Model) -> ratatui::buffer::Buffer {
    let (columns, rows) = model.size();
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(model, frame)).unwrap();
    terminal.backend().buffer().clone()
}

fn screen(model: &Model) -> String {
    let buffer = buffer(model);
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width).map(|row| {
        let text: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}
