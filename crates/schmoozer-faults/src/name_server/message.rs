//! As much of the wire format (RFC 1035 §4.1) as a server of addresses needs.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use super::answer::{Answer, RecordType};

const HEADER: usize = 12;
/// The most that fits into a datagram.
const DATAGRAM: usize = 512;
/// How many records of addresses fit into a message over TCP, the longest ones.
const MOST_RECORDS: usize = 2000;
const CLASS_IN: [u8; 2] = [0, 1];
const SOA: u16 = 6;
/// Where the name of the question is, for records of the same name.
const NAME_OF_QUESTION: &[u8] = &[0xc0, 12];
const ROOT: &[u8] = &[0];

const NO_ERROR: u8 = 0;
const FORMAT_ERROR: u8 = 1;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const NOT_IMPLEMENTED: u8 = 4;

/// A question, and what of it goes back with the answer.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) name: String,
    pub(super) record_type: RecordType,
    response: Response,
}

/// A response that is being written.
#[derive(Debug, Clone)]
struct Response {
    id: [u8; 2],
    /// The third byte of the header, as the query had it.
    flags: u8,
    code: u8,
    truncated: bool,
    /// The question section, as the query had it.
    question: Vec<u8>,
    answers: Vec<Vec<u8>>,
    authority: Option<Vec<u8>>,
}

impl Query {
    /// Reads a message. An error is the response to what is no question, if it gets one.
    pub(super) fn parse(message: &[u8]) -> Result<Self, Option<Vec<u8>>> {
        let (header, body) = message.split_first_chunk::<HEADER>().ok_or(None)?;
        let [id, id_low, flags, _, count, count_low, ..] = *header;
        // What is a response itself gets none.
        if flags & 0x80 != 0 {
            return Err(None);
        }
        let mut response = Response {
            id: [id, id_low],
            flags,
            code: FORMAT_ERROR,
            truncated: false,
            question: Vec::new(),
            answers: Vec::new(),
            authority: None,
        };
        if flags & 0x78 != 0 {
            response.code = NOT_IMPLEMENTED;
            return Err(Some(response.encode()));
        }
        let question = (count, count_low) == (0, 1);
        let Some((name, record_type, len)) = question.then(|| read_question(body)).flatten() else {
            return Err(Some(response.encode()));
        };
        response.question = body[..len].to_vec();
        Ok(Self {
            name,
            record_type,
            response,
        })
    }

    /// Writes the response that says this, if it says anything. What is too long for a datagram becomes
    /// a request to ask over TCP.
    pub(super) fn respond(&self, answer: &Answer, over_tcp: bool) -> Option<Vec<u8>> {
        let mut response = self.response.clone();
        response.code = match answer {
            Answer::Addresses { addresses, ttl } => {
                response.answers = self.records(addresses, *ttl);
                if response.answers.is_empty() {
                    response.authority = Some(start_of_authority(*ttl));
                }
                NO_ERROR
            }
            Answer::NoSuchName { ttl } => {
                response.authority = Some(start_of_authority(*ttl));
                NO_SUCH_NAME
            }
            Answer::ServerFailure => SERVER_FAILURE,
            Answer::Code(code) => code & 0x0f,
            Answer::Delayed { answer, .. } => return self.respond(answer, over_tcp),
            Answer::Drop => return None,
        };
        let whole = response.encode();
        if over_tcp || whole.len() <= DATAGRAM {
            return Some(whole);
        }
        response.truncated = true;
        response.answers.clear();
        response.authority = None;
        Some(response.encode())
    }

    /// The records of the type that is asked for.
    fn records(&self, addresses: &[IpAddr], ttl: Duration) -> Vec<Vec<u8>> {
        let of_type = addresses.iter().filter_map(|address| {
            let (record_type, bytes) = match address {
                IpAddr::V4(v4) => (RecordType::A, v4.octets().to_vec()),
                IpAddr::V6(v6) => (RecordType::Aaaa, v6.octets().to_vec()),
            };
            let asked = record_type == self.record_type;
            asked.then(|| record(NAME_OF_QUESTION, record_type.number(), ttl, &bytes))
        });
        of_type.take(MOST_RECORDS).collect()
    }
}

impl Response {
    fn encode(&self) -> Vec<u8> {
        let mut message = self.id.to_vec();
        // Opcode and "recursion desired" come back; recursion is available.
        let truncated = u8::from(self.truncated) << 1;
        message.extend([
            0x80 | (self.flags & 0x79) | truncated,
            0x80 | self.code,
            0,
            u8::from(!self.question.is_empty()),
        ]);
        // There are no more than `MOST_RECORDS`.
        let answers = u16::try_from(self.answers.len()).unwrap_or(u16::MAX);
        message.extend(answers.to_be_bytes());
        message.extend([0, u8::from(self.authority.is_some()), 0, 0]);
        message.extend(&self.question);
        for record in self.answers.iter().chain(&self.authority) {
            message.extend(record);
        }
        message
    }
}

/// Reads the name, the type and the class of a question, and returns how long they are.
fn read_question(body: &[u8]) -> Option<(String, RecordType, usize)> {
    let mut name = String::new();
    let mut at = 0;
    loop {
        let len = usize::from(*body.get(at)?);
        at += 1;
        match len {
            0 => break,
            // A pointer has nothing to point to in the first question.
            64.. => return None,
            _ if at + len >= 255 => return None,
            _ => {}
        }
        if !name.is_empty() {
            name.push('.');
        }
        push_label(&mut name, body.get(at..at + len)?);
        at += len;
    }
    let ([high, low, class @ ..], _) = body.get(at..)?.split_first_chunk::<4>()?;
    let record_type = RecordType::from_number(u16::from_be_bytes([*high, *low]));
    (*class == CLASS_IN).then_some((name, record_type, at + 4))
}

/// Writes a label as zone files do (RFC 4343 §2.1), in lower case.
fn push_label(name: &mut String, label: &[u8]) {
    for byte in label {
        match byte {
            b'.' | b'\\' => name.extend(['\\', char::from(*byte)]),
            b'!'..=b'~' => name.push(char::from(byte.to_ascii_lowercase())),
            // Writing to a string does not fail.
            _ => drop(write!(name, "\\{byte:03}")),
        }
    }
}

fn record(name: &[u8], record_type: u16, ttl: Duration, data: &[u8]) -> Vec<u8> {
    let mut record = name.to_vec();
    record.extend(record_type.to_be_bytes());
    record.extend(CLASS_IN);
    record.extend(seconds(ttl));
    // Data is an address or an SOA record.
    record.extend(u16::try_from(data.len()).unwrap_or(0).to_be_bytes());
    record.extend(data);
    record
}

/// The record that says how long "there is none" may be cached (RFC 2308 §3).
fn start_of_authority(minimum: Duration) -> Vec<u8> {
    // The names of a server and a person, both the root; a serial number, refresh, retry, expire.
    let mut data = [ROOT, ROOT].concat();
    for number in [1_u32, 3600, 600, 86_400] {
        data.extend(number.to_be_bytes());
    }
    data.extend(seconds(minimum));
    record(ROOT, SOA, minimum, &data)
}

/// A time to live, which has 31 bits (RFC 2181 §8).
fn seconds(ttl: Duration) -> [u8; 4] {
    let most = i32::MAX.unsigned_abs();
    u32::try_from(ttl.as_secs())
        .unwrap_or(most)
        .min(most)
        .to_be_bytes()
}
