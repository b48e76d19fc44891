//! Exchanges for the tests of what follows them.

use std::sync::Arc;

use corscope::http::Exchange;
use corscope::import::exchange_file::Importer;
use serde_json::json;

/// An exchange of a page's call.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    second: u32,
    path: &'static str,
    location: Option<&'static str>,
    weight: usize,
}

impl Call {
    /// Asked and answered so many seconds after the beginning, which also names it.
    pub(crate) fn at(second: u32) -> Self {
        Self { second, path: "/a", location: None, weight: 0 }
    }

    pub(crate) fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    pub(crate) fn redirected(self, location: &'static str) -> Self {
        Self { location: Some(location), ..self }
    }

    /// With so many bytes in a header.
    pub(crate) fn heavy(self, weight: usize) -> Self {
        Self { weight, ..self }
    }

    fn line(&self) -> String {
        let time = format!("2026-11-23T07:{:02}:{:02}Z", self.second / 60, self.second % 60);
        let origin = "https://client.example";
        let mut headers = vec![json!(["access-control-allow-origin", origin])];
        headers.extend(self.location.map(|location| json!(["location", location])));
        let line = json!({
            "id": self.second.to_string(),
            "request": {
                "time": time,
                "method": "GET",
                "url": format!("https://request.example{}", self.path),
                "headers": [["Origin", origin], ["Host", "request.example"]],
            },
            "response": {"time": time, "status": if self.location.is_some() { 307 } else { 200 }, "headers": headers},
        });
        format!("{line}\n")
    }
}

pub(crate) fn exchanges(calls: &[Call]) -> Vec<Exchange> {
    let mut importer = Importer::new(Arc::from("test"));
    let mut read = Vec::new();
    for call in calls {
        importer.push(call.line().as_bytes(), &mut |line| read.push(line.unwrap()));
        // A line of the file may not be that long, a head in a capture may.
        if let Some(request) = read.last_mut().and_then(|exchange: &mut Exchange| exchange.request.as_mut()) {
            request.headers.push("x-heavy", &"x".repeat(call.weight));
        }
    }
    read
}
