//! A producer that writes AMQP frames by hand, for what no client library would send: a library that builds headers
//! nested a thousand deep would overflow its own stack.

use lapin::uri::AMQPUri;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::Broker;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const FRAME_END: u8 = 0xCE;

/// RabbitMQ's own default limit of a frame.
const MAX_FRAME_BYTES: u32 = 128 * 1024;

const DEPTH: usize = 10_000;

/// A way to nest one header value in another.
#[derive(Debug, Clone, Copy)]
pub enum Nest {
    /// Tables in tables, each with one member without a name.
    Tables,
    /// Arrays in arrays.
    Arrays,
}

impl Nest {
    /// Headers nested 10,000 levels deep. One frame has room for twice that, which takes the broker seconds to read.
    pub fn deep(self) -> Vec<u8> {
        let (name, prefix): (&[u8], &[u8]) = match self {
            Self::Tables => (b"", b"\0F"),
            Self::Arrays => (b"\0", b"A"),
        };
        let bytes = prefix.len() + 4;
        let mut table = name.to_vec();
        for level in (0..DEPTH).rev() {
            table.extend_from_slice(prefix);
            table.extend(u32::try_from(level * bytes).unwrap().to_be_bytes());
        }
        long(&table)
    }
}

/// A message as its bytes on the wire.
pub struct Raw<'a> {
    pub routing_key: &'a [u8],
    /// Which properties there are: [`HEADERS`] and [`MESSAGE_ID`].
    pub flags: u16,
    /// The properties themselves, in the order of the flags.
    pub properties: Vec<u8>,
    pub body: &'a [u8],
}

/// The property that is a table.
pub const HEADERS: u16 = 0x2000;
/// The property that is the message's id.
pub const MESSAGE_ID: u16 = 0x0080;

/// Publishes one message, and returns when the broker has confirmed it.
///
/// # Panics
/// If the broker answers anything else, with what it says.
pub async fn publish(broker: &Broker, message: &Raw<'_>) {
    let uri: AMQPUri = broker.url.parse().unwrap();
    let authority = &uri.authority;
    let mut stream = TcpStream::connect((authority.host.as_str(), authority.port))
        .await
        .unwrap();
    stream.write_all(b"AMQP\0\0\x09\x01").await.unwrap();
    expect(&mut stream, 10, 10).await;
    let login = format!(
        "\0{}\0{}",
        authority.userinfo.username, authority.userinfo.password
    );
    let start_ok = [
        &[0; 4],
        &*short("PLAIN"),
        &long(login.as_bytes()),
        &short("en_US"),
    ]
    .concat();
    method(&mut stream, 0, 10, 11, &start_ok).await;
    expect(&mut stream, 10, 30).await;
    let frame_max = MAX_FRAME_BYTES.to_be_bytes();
    method(
        &mut stream,
        0,
        10,
        31,
        &[&[0, 1], &frame_max[..], &[0, 0]].concat(),
    )
    .await;
    let vhost = if uri.vhost.is_empty() { "/" } else { &uri.vhost };
    method(&mut stream, 0, 10, 40, &[&*short(vhost), &[0, 0]].concat()).await;
    expect(&mut stream, 10, 41).await;
    method(&mut stream, 1, 20, 10, &[0]).await;
    expect(&mut stream, 20, 11).await;
    method(&mut stream, 1, 85, 10, &[0]).await;
    expect(&mut stream, 85, 11).await;

    let publish = [
        &[0, 0],
        &*short(&broker.exchange),
        &short(message.routing_key),
        &[0],
    ]
    .concat();
    method(&mut stream, 1, 60, 40, &publish).await;
    let size = u64::try_from(message.body.len()).unwrap().to_be_bytes();
    let flags = message.flags.to_be_bytes();
    let header = [&[0, 60, 0, 0], &size[..], &flags, &message.properties].concat();
    frame(&mut stream, HEADER, 1, &header).await;
    frame(&mut stream, BODY, 1, message.body).await;
    expect(&mut stream, 60, 80).await;
}

async fn method(stream: &mut TcpStream, channel: u16, class: u16, method: u16, arguments: &[u8]) {
    let payload = [&class.to_be_bytes()[..], &method.to_be_bytes(), arguments].concat();
    frame(stream, METHOD, channel, &payload).await;
}

async fn frame(stream: &mut TcpStream, kind: u8, channel: u16, payload: &[u8]) {
    let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let frame = [&[kind], &channel.to_be_bytes()[..], &size, payload, &[FRAME_END]].concat();
    stream.write_all(&frame).await.unwrap();
}

/// Reads one frame, which must be this method.
async fn expect(stream: &mut TcpStream, class: u16, method: u16) {
    let mut start = [0; 7];
    let read = stream.read_exact(&mut start).await;
    assert!(read.is_ok(), "waiting for {class}.{method}: {read:?}");
    let size = u32::from_be_bytes([start[3], start[4], start[5], start[6]]);
    let mut payload = vec![0; usize::try_from(size).unwrap() + 1];
    stream.read_exact(&mut payload).await.unwrap();
    let expected = [class.to_be_bytes(), method.to_be_bytes()].concat();
    let said = String::from_utf8_lossy(&payload);
    assert!(
        payload.starts_with(&expected),
        "expected {class}.{method}, got {said:?}"
    );
}

pub fn short(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [&[u8::try_from(text.len()).unwrap()], text].concat()
}

pub fn long(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}
