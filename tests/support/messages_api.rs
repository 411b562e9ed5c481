//! A stand-in of the Anthropic Messages API on a loopback port: what Claude Code talks to in the tests.
//!
//! It decides what to answer from the last thing the user wrote, and remembers every request for the tests to ask about.
//! It knows nothing of Zellij, desks or the machine, and it never speaks to a server.
//!
//! The user's prompt chooses the reply:
//!
//! | the prompt contains | the reply |
//! |---|---|
//! | `run: <command>` | a use of the Bash tool, so that Claude asks for its permission (not for `ls` and its like); after the result, a short text |
//! | `ask: <question>` | a use of AskUserQuestion, so that Claude waits for an answer; after it, a short text |
//! | `plan: <text>` | a use of ExitPlanMode, so that Claude waits for a verdict on its plan; where Claude is in plan mode |
//! | `hold: <name>` | nothing until the test calls [`MessagesApi::release`] with that name, so that Claude is busy exactly that long |
//! | `slow: <seconds>` | a text that trickles in over that time |
//! | anything else | `Noted: <the prompt, shortened>` |

#![allow(dead_code, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

/// How long [`MessagesApi::wait_for`] waits before it gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running stand-in. Dropping it ends it, and every reply that it still holds back.
pub struct MessagesApi {
    port: u16,
    server: Arc<tiny_http::Server>,
    shared: Arc<Shared>,
}

/// One request that was received, with the parts that tests ask about already taken out.
#[derive(Clone, Debug)]
pub struct Request {
    /// Since the start of the stand-in.
    pub at: Duration,
    pub method: String,
    pub path: String,
    /// What Claude calls its session: the header `x-claude-code-session-id`.
    pub session: Option<String>,
    pub model: String,
    /// How many messages the conversation has, of any role.
    pub messages: usize,
    /// Every text of every user message, tool results and reminders included, oldest first.
    pub user_texts: Vec<String>,
    /// The system prompt, its blocks joined by newlines.
    pub system: String,
    /// Names of the tools that Claude offers; empty for its side requests (titles and the like).
    pub tools: Vec<String>,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Request {
    /// Whether this is a turn of the conversation, and not one of Claude's side requests.
    pub fn is_turn(&self) -> bool {
        self.path.starts_with("/v1/messages") && !self.path.contains("count_tokens") && !self.tools.is_empty()
    }

    /// What the user wrote last; empty where the last message is a tool's result.
    pub fn prompt(&self) -> String {
        last_prompt(&self.body).unwrap_or_default()
    }

    /// Whether this word stands anywhere in the conversation or in the system prompt. Claude also sends messages of the
    /// role `system`: the skills stand there.
    pub fn mentions(&self, word: &str) -> bool {
        let messages = self.body["messages"].as_array().into_iter().flatten();
        self.system.contains(word)
            || messages.flat_map(|message| texts(&message["content"])).any(|text| text.contains(word))
    }

    /// The value of a header, by its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// One line for a person: when, which session, how much, what was asked.
    pub fn line(&self) -> String {
        format!(
            "{:7.3}s {} {} session={} messages={} tools={} prompt={:?}",
            self.at.as_secs_f64(),
            self.method,
            self.path,
            self.session.as_deref().unwrap_or("-"),
            self.messages,
            self.tools.len(),
            shortened(&self.prompt()),
        )
    }
}

impl MessagesApi {
    /// Starts on a free port of 127.0.0.1.
    pub fn start() -> Self {
        Self::start_on(0, |_| {})
    }

    /// Starts on this port (0: a free one) and calls `seen` with every request.
    pub fn start_on(port: u16, seen: impl Fn(&Request) + Send + Sync + 'static) -> Self {
        let server = Arc::new(tiny_http::Server::http(("127.0.0.1", port)).expect("no port for the Messages API"));
        let port = server.server_addr().to_ip().expect("an IP address").port();
        let shared = Arc::new(Shared {
            began: Instant::now(),
            state: Mutex::default(),
            changed: Condvar::new(),
            seen: Box::new(seen),
        });
        let (listener, common) = (server.clone(), shared.clone());
        thread::spawn(move || {
            for request in listener.incoming_requests() {
                let common = common.clone();
                thread::spawn(move || {
                    // A client that hangs up in the middle of a reply is daily business: a pane was closed.
                    let _ = common.answer(request);
                });
            }
        });
        Self { port, server, shared }
    }

    /// What belongs into `ANTHROPIC_BASE_URL`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Everything received so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().log.clone()
    }

    /// The turns of conversations received so far, without Claude's side requests.
    pub fn turns(&self) -> Vec<Request> {
        self.requests().into_iter().filter(Request::is_turn).collect()
    }

    /// Waits for the first request, past or to come, that fits; panics with the log after 30 s.
    pub fn wait_for(&self, what: &str, fits: impl Fn(&Request) -> bool) -> Request {
        let until = Instant::now() + PATIENCE;
        let mut state = self.shared.state();
        loop {
            if let Some(found) = state.log.iter().find(|request| fits(request)) {
                return found.clone();
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let log = state.log.iter().map(Request::line).collect::<Vec<_>>().join("\n");
                drop(state);
                panic!("the Messages API saw no request for {PATIENCE:?}: {what}\nIt saw:\n{log}");
            }
            state = self.shared.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the turn whose prompt contains this text.
    pub fn wait_for_prompt(&self, text: &str) -> Request {
        self.wait_for(&format!("a prompt with {text:?}"), |request| {
            request.is_turn() && request.prompt().contains(text)
        })
    }

    /// Lets every reply go on that waits, or will wait, for `hold: <name>`.
    pub fn release(&self, name: &str) {
        self.shared.state().released.insert(name.to_owned());
        self.shared.changed.notify_all();
    }
}

impl Drop for MessagesApi {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
        self.server.unblock();
    }
}

struct Shared {
    began: Instant,
    state: Mutex<State>,
    /// Rung for a new request, a release and the end.
    changed: Condvar,
    seen: Box<dyn Fn(&Request) + Send + Sync>,
}

#[derive(Default)]
struct State {
    log: Vec<Request>,
    released: HashSet<String>,
    closed: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, mut http: tiny_http::Request) -> io::Result<()> {
        let mut body = String::new();
        http.as_reader().read_to_string(&mut body)?;
        let request = self.read(&http, &body);
        (self.seen)(&request);
        self.state().log.push(request.clone());
        self.changed.notify_all();

        let path = request.path.split('?').next().unwrap_or_default();
        match (request.method.as_str(), path) {
            ("POST", "/v1/messages") if request.body["stream"] == true => self.stream(http, &request),
            ("POST", "/v1/messages") => {
                let reply = Reply::to(&request);
                self.pause(&reply.pace);
                respond(http, 200, &reply.message(&request))
            }
            ("POST", "/v1/messages/count_tokens") => respond(http, 200, &json!({"input_tokens": body.len() / 4})),
            // Claude asks whether the server is there before its first run.
            ("HEAD", _) | ("GET", "/") => respond(http, 200, &json!({})),
            _ => respond(
                http,
                404,
                &json!({"type": "error", "error": {"type": "not_found_error", "message": "not part of the stand-in"}}),
            ),
        }
    }

    fn read(&self, http: &tiny_http::Request, body: &str) -> Request {
        let headers: Vec<(String, String)> = http
            .headers()
            .iter()
            .map(|header| (header.field.as_str().to_string().to_lowercase(), header.value.to_string()))
            .collect();
        let body: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let messages = body["messages"].as_array().cloned().unwrap_or_default();
        Request {
            at: self.began.elapsed(),
            method: http.method().to_string(),
            path: http.url().to_owned(),
            session: headers.iter().find(|(key, _)| key == "x-claude-code-session-id").map(|(_, value)| value.clone()),
            model: body["model"].as_str().unwrap_or_default().to_owned(),
            messages: messages.len(),
            user_texts: messages
                .iter()
                .filter(|message| message["role"] == "user")
                .flat_map(|message| texts(&message["content"]))
                .collect(),
            system: texts(&body["system"]).join("\n"),
            tools: body["tools"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|tool| tool["name"].as_str().map(str::to_owned))
                .collect(),
            headers,
            body,
        }
    }

    /// Server-sent events, in chunks: the connection stays usable and each event leaves at once.
    fn stream(&self, http: tiny_http::Request, request: &Request) -> io::Result<()> {
        let reply = Reply::to(request);
        let mut out = http.into_writer();
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n\
             request-id: req_stand_in\r\nTransfer-Encoding: chunked\r\n\r\n"
        )?;
        let mut whole = reply.message(request);
        let usage = whole["usage"].take();
        whole["content"] = json!([]);
        whole["stop_reason"] = Value::Null;
        whole["usage"] = json!({"input_tokens": usage["input_tokens"], "output_tokens": 1});
        event(&mut out, &json!({"type": "message_start", "message": whole}))?;

        if let Pace::Hold(_) = reply.pace {
            self.pause(&reply.pace);
        }
        let (start, deltas) = match &reply.content {
            Content::Text(text) => (
                json!({"type": "text", "text": ""}),
                pieces(text, if matches!(reply.pace, Pace::Slow(_)) { 10 } else { 1 })
                    .into_iter()
                    .map(|piece| json!({"type": "text_delta", "text": piece}))
                    .collect(),
            ),
            Content::Tool { id, name, input } => (
                json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                vec![json!({"type": "input_json_delta", "partial_json": input.to_string()})],
            ),
        };
        event(&mut out, &json!({"type": "content_block_start", "index": 0, "content_block": start}))?;
        let each = Duration::from_secs(if let Pace::Slow(seconds) = reply.pace { seconds } else { 0 })
            / u32::try_from(deltas.len().max(1)).unwrap_or(1);
        for delta in deltas {
            self.pause(&Pace::Beat(each));
            event(&mut out, &json!({"type": "content_block_delta", "index": 0, "delta": delta}))?;
        }
        event(&mut out, &json!({"type": "content_block_stop", "index": 0}))?;
        event(
            &mut out,
            &json!({"type": "message_delta",
                    "delta": {"stop_reason": reply.content.stop_reason(), "stop_sequence": null},
                    "usage": {"output_tokens": usage["output_tokens"]}}),
        )?;
        event(&mut out, &json!({"type": "message_stop"}))?;
        write!(out, "0\r\n\r\n")?;
        out.flush()
    }

    /// Waits as the pace says, or until the stand-in ends.
    fn pause(&self, pace: &Pace) {
        let until = match pace {
            Pace::AtOnce => return,
            Pace::Hold(_) => Instant::now() + Duration::from_secs(3600),
            Pace::Slow(seconds) => Instant::now() + Duration::from_secs(*seconds),
            Pace::Beat(time) => Instant::now() + *time,
        };
        let mut state = self.state();
        loop {
            let released = matches!(pace, Pace::Hold(name) if state.released.contains(name));
            let left = until.saturating_duration_since(Instant::now());
            if released || state.closed || left.is_zero() {
                return;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What is answered, and how fast.
struct Reply {
    content: Content,
    pace: Pace,
}

enum Content {
    Text(String),
    Tool { id: String, name: &'static str, input: Value },
}

enum Pace {
    AtOnce,
    /// Until the test says so.
    Hold(String),
    /// Spread over so many seconds.
    Slow(u64),
    /// The time before one piece of a slow text.
    Beat(Duration),
}

impl Reply {
    fn to(request: &Request) -> Self {
        let at_once = |text: String| Self { content: Content::Text(text), pace: Pace::AtOnce };
        let Some(prompt) = last_prompt(&request.body) else {
            return at_once("Done.".to_owned());
        };
        let noted = || Content::Text(format!("Noted: {}", shortened(&prompt)));
        if !request.is_turn() {
            return at_once(format!("Noted: {}", shortened(&prompt)));
        }
        for (keyword, name) in [("run: ", "Bash"), ("ask: ", "AskUserQuestion"), ("plan: ", "ExitPlanMode")] {
            // Some tools are named to the model and described only when it asks; a use of them works all the same.
            let offered =
                request.tools.iter().any(|tool| tool == name) || (name == "ExitPlanMode" && request.mentions(name));
            if let Some(words) = after(&prompt, keyword).filter(|_| offered) {
                let id = format!("toolu_{:024}", request.at.as_nanos());
                return Self { content: Content::Tool { id, name, input: input(name, words) }, pace: Pace::AtOnce };
            }
        }
        if let Some(name) = after(&prompt, "hold: ").and_then(|rest| rest.split_whitespace().next()) {
            return Self { content: noted(), pace: Pace::Hold(name.to_owned()) };
        }
        let seconds = after(&prompt, "slow: ").and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        match seconds {
            Some(seconds) => Self { content: noted(), pace: Pace::Slow(seconds) },
            None => at_once(format!("Noted: {}", shortened(&prompt))),
        }
    }

    fn message(&self, request: &Request) -> Value {
        let content = match &self.content {
            Content::Text(text) => json!([{"type": "text", "text": text}]),
            Content::Tool { id, name, input } => json!([{"type": "tool_use", "id": id, "name": name, "input": input}]),
        };
        json!({
            "id": format!("msg_{:024}", request.at.as_nanos()),
            "type": "message",
            "role": "assistant",
            "model": request.model,
            "content": content,
            "stop_reason": self.content.stop_reason(),
            "stop_sequence": null,
            "usage": {"input_tokens": 10, "output_tokens": 5},
        })
    }
}

impl Content {
    fn stop_reason(&self) -> &'static str {
        match self {
            Self::Text(_) => "end_turn",
            Self::Tool { .. } => "tool_use",
        }
    }
}

fn input(tool: &str, words: &str) -> Value {
    let option = |label: &str| json!({"label": label, "description": format!("The answer {label}")});
    match tool {
        "Bash" => json!({"command": words, "description": "What the prompt asked for"}),
        "AskUserQuestion" => json!({"questions": [{"question": words, "header": "Choice", "multiSelect": false,
            "options": [option("first"), option("second")]}]}),
        _ => json!({"plan": words}),
    }
}

/// What the user wrote last, without what Claude Code adds; none where the last message is a tool's result alone. Where a
/// tool's use was refused, its result and the next prompt are one message.
fn last_prompt(body: &Value) -> Option<String> {
    let last = body["messages"].as_array()?.iter().rev().find(|message| message["role"] == "user")?;
    let own: Vec<String> = match &last["content"] {
        Value::Array(blocks) => {
            blocks.iter().filter(|block| block["type"] == "text").flat_map(|block| texts(&block["text"])).collect()
        }
        content => texts(content),
    };
    own.into_iter().rev().find(|text| !text.trim_start().starts_with("<system-reminder>"))
}

/// The texts of a `content` or `system` value, be it a string or blocks; tool results included.
fn texts(content: &Value) -> Vec<String> {
    match content {
        Value::String(text) => vec![text.clone()],
        Value::Array(blocks) => blocks
            .iter()
            .flat_map(|block| match &block["text"] {
                Value::String(text) => vec![text.clone()],
                _ => texts(&block["content"]),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The rest of the line after a keyword.
fn after<'a>(prompt: &'a str, keyword: &str) -> Option<&'a str> {
    let (_, rest) = prompt.split_once(keyword)?;
    rest.lines().next().map(str::trim).filter(|rest| !rest.is_empty())
}

fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", line.split_at(end).0),
        None => line,
    }
}

fn pieces(text: &str, count: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(letters.len().div_ceil(count).max(1)).map(|chunk| chunk.iter().collect()).collect()
}

fn respond(http: tiny_http::Request, status: u16, body: &Value) -> io::Result<()> {
    let json = tiny_http::Header::from_bytes("Content-Type", "application/json").expect("a valid header");
    http.respond(tiny_http::Response::from_string(body.to_string()).with_status_code(status).with_header(json))
}

fn event(out: &mut impl Write, value: &Value) -> io::Result<()> {
    let text = format!("event: {}\ndata: {value}\n\n", value["type"].as_str().unwrap_or("ping"));
    write!(out, "{:x}\r\n{text}\r\n", text.len())?;
    out.flush()
}
