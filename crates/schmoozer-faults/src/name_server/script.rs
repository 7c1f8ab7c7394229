use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::time::Instant;

use super::answer::{Answer, Question, RecordType};

/// What is answered, and what was asked.
#[derive(Debug)]
pub(super) struct Script {
    answers: Mutex<Answers>,
    pub(super) questions: watch::Sender<Vec<Question>>,
}

#[derive(Debug)]
struct Answers {
    named: BTreeMap<(String, RecordType), Answer>,
    otherwise: Answer,
}

impl Script {
    /// One that knows no name.
    pub(super) fn new() -> Self {
        Self {
            answers: Mutex::new(Answers {
                named: BTreeMap::new(),
                otherwise: Answer::no_such_name(),
            }),
            questions: watch::Sender::new(Vec::new()),
        }
    }

    pub(super) fn set(&self, name: &str, record_type: RecordType, answer: Answer) {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.lock().named.insert((name, record_type), answer);
    }

    pub(super) fn otherwise(&self, answer: Answer) {
        self.lock().otherwise = answer;
    }

    /// Notes a question and returns its answer.
    pub(super) fn ask(&self, name: &str, record_type: RecordType, over_tcp: bool) -> Answer {
        let answer = self.lock().to(name, record_type);
        let question = Question {
            name: name.to_owned(),
            record_type,
            over_tcp,
            at: Instant::now(),
        };
        self.questions
            .send_modify(|questions| questions.push(question));
        answer
    }

    fn lock(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answers {
    fn to(&self, name: &str, record_type: RecordType) -> Answer {
        let get = |record_type| self.named.get(&(name.to_owned(), record_type));
        match get(record_type) {
            Some(answer) => answer.clone(),
            None if get(RecordType::A).or(get(RecordType::Aaaa)).is_some() => {
                Answer::no_addresses()
            }
            None => self.otherwise.clone(),
        }
    }
}
