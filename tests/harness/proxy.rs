//! A TCP proxy that can be told to fail, one before each service.
//!
//! Our own, because it is small and the existing ones are programs to install.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::Database;

/// What the proxy does with traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// Passes it.
    Clear,
    /// Ends every connection, and each new one at once.
    Cut,
    /// Keeps connections open and passes nothing; what came meanwhile is passed afterwards.
    Stalled,
    /// Passes each chunk so much later.
    Slow(Duration),
    /// Ends each connection after so many bytes in one direction, in the midst of whatever they are.
    CutAfter(usize),
}

/// A listening proxy; it ends with the runtime.
pub struct Proxy {
    /// Where it listens, on 127.0.0.1.
    pub port: u16,
    weather: watch::Sender<Weather>,
    connections: Arc<AtomicUsize>,
}

impl Proxy {
    /// A proxy on a free port, before `target` on this machine.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (weather, watching) = watch::channel(Weather::Clear);
        let connections = Arc::new(AtomicUsize::new(0));
        let accepted = connections.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(connection(
                    client,
                    ([127, 0, 0, 1], target).into(),
                    watching.clone(),
                ));
            }
        });
        Ok(Self {
            port,
            weather,
            connections,
        })
    }

    /// A proxy before a database, and the URL that leads through it.
    pub async fn before(database: &Database) -> (Self, String) {
        let mut parts = database.url.split("://").nth(1).unwrap().split(['/', '?']);
        let (address, name) = (parts.next().unwrap(), parts.next().unwrap());
        let (_, port) = address.rsplit_once(':').unwrap();
        let proxy = Self::start(port.parse().unwrap()).await.unwrap();
        // Without `directConnection` the driver would go by what the member calls itself, which leads past the proxy.
        let url = format!("mongodb://127.0.0.1:{}/{name}?directConnection=true", proxy.port);
        (proxy, url)
    }

    /// How many connections clients have opened so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Changes the weather for all connections, old and new.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

async fn connection(client: TcpStream, target: SocketAddr, weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    for stream in [&client, &server] {
        // Small packets of a dialogue must not wait for each other.
        let _ = stream.set_nodelay(true);
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // Whichever direction ends first ends the other.
    tokio::select! {
        () = pump(from_client, to_server, weather.clone()) => {}
        () = pump(from_server, to_client, weather) => {}
    }
}

/// Passes bytes in one direction until either end is gone or the weather forbids it.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut weather: watch::Receiver<Weather>) {
    let mut buffer = vec![0; 64 * 1024];
    let mut passed = 0;
    loop {
        let read = tokio::select! {
            changed = weather.changed() => {
                if changed.is_err() || *weather.borrow_and_update() == Weather::Cut {
                    return;
                }
                passed = 0;
                continue;
            }
            read = from.read(&mut buffer) => read,
        };
        let Ok(length @ 1..) = read else { return };
        let now = *weather.borrow();
        let allowed = match now {
            Weather::Clear | Weather::Stalled => length,
            Weather::Cut => return,
            Weather::Slow(delay) => {
                sleep(delay).await;
                length
            }
            Weather::CutAfter(bytes) => length.min(bytes.saturating_sub(passed)),
        };
        match weather.wait_for(|weather| *weather != Weather::Stalled).await {
            Ok(now) if *now != Weather::Cut => {}
            Ok(_) | Err(_) => return,
        }
        passed += allowed;
        if to.write_all(&buffer[..allowed]).await.is_err() || allowed < length {
            return;
        }
    }
}
