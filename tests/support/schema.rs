//! The schema of the status document: what is answered is held against it wherever a test asks.

use std::cell::RefCell;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

const SCHEMA: &str = include_str!("../../docs/status.schema.json");

thread_local! {
    static COMPILED: RefCell<(Schemas, SchemaIndex)> = RefCell::new(compiled());
}

fn compiled() -> (Schemas, SchemaIndex) {
    let schema = serde_json::from_str(SCHEMA).expect("docs/status.schema.json is JSON");
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("status.json", schema).expect("a resource");
    let index = compiler.compile("status.json", &mut schemas).unwrap_or_else(|why| panic!("{why:#}"));
    (schemas, index)
}

/// What of the document is not as the schema says; none where all is.
pub fn violations(document: &Value) -> Option<String> {
    COMPILED.with_borrow(|(schemas, index)| schemas.validate(document, *index).err().map(|why| format!("{why:#}")))
}

/// Asserts that the answer to the pipe `name`, if it is a status document, is one; of the Claude that was found only `check` tells.
#[track_caller]
pub fn expect_schema(name: &str, answer: &Value) {
    if matches!(name, "status" | "check") && answer.get("error").is_none() {
        if let Some(why) = violations(answer) {
            panic!("{name}: {why}\n{answer:#}");
        }
        assert_eq!(answer.get("claude").is_some(), name == "check", "{name}: {answer:#}");
    }
}
