//! Errors of Redis, without what was sent to it: they repeat arguments, and names of keys.

use redis::{ErrorKind, RedisError, ServerError, ServerErrorKind, Value, parse_redis_value};

/// What follows is arguments.
const ARGUMENTS: &str = ", with args beginning with";
/// Around what is repeated elsewhere.
const QUOTES: [char; 3] = ['\'', '"', '`'];
/// What is told of a transaction with a command that Redis would not take.
const REFUSED: &str = "the transaction was refused";

/// An answer in which no error repeats what was sent; that of a transaction has its errors inside.
pub(crate) fn answer(answer: Value) -> Value {
    match answer {
        Value::ServerError(error) => Value::ServerError(server_error(error)),
        Value::Array(answers) => Value::Array(answers.into_iter().map(self::answer).collect()),
        answer => answer,
    }
}

/// The same for a pipeline that failed as a whole.
pub(crate) fn error(error: RedisError) -> RedisError {
    let is_aborted = error.kind() == ErrorKind::Server(ServerErrorKind::ExecAbort);
    let Some(errors) = error.clone().into_server_errors() else {
        return error;
    };
    let mut told = errors.iter().map(|(_, error)| server_error(error.clone()));
    match told.next() {
        Some(first) if !is_aborted => first.into(),
        first => {
            let told: Vec<_> = first
                .into_iter()
                .chain(told)
                .map(|error| error.to_string())
                .collect();
            (
                ErrorKind::Server(ServerErrorKind::ExecAbort),
                REFUSED,
                told.join("; "),
            )
                .into()
        }
    }
}

fn server_error(error: ServerError) -> ServerError {
    let Some(told) = error.details().and_then(without_arguments) else {
        return error;
    };
    // Only an error of RESP3 may have more than one.
    let line = told.replace(['\r', '\n'], " ");
    let line = format!("-{} {line}\r\n", error.code());
    match parse_redis_value(line.as_bytes()) {
        Ok(Value::ServerError(error)) => error,
        other => unreachable!("a line that begins with a minus is an error: {other:?}"),
    }
}

/// `None` if it has none. From the first quote to the last: what stands between may have quotes of its own.
fn without_arguments(told: &str) -> Option<String> {
    if let Some((told, _)) = told.split_once(ARGUMENTS) {
        return Some(told.to_owned());
    }
    let (first, last) = (told.find(QUOTES)?, told.rfind(QUOTES)?);
    (first < last).then(|| format!("{}'?'{}", &told[..first], &told[last + 1..]))
}
