//! A program that answers over HTTP how its connection does: `/health` as JSON, `/metrics` in Prometheus' text.
//! Shows `Handle::status` and `stats`, and the `metrics` observer with a recorder.
//! Without arguments it loses its own server once and asks itself; `-- HOST:PORT` keeps that connection.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use examples::outage;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use schmoozer_core::Metrics;
use schmoozer_faults::{Behaviour, Peer};
use schmoozer_tcp::{Dialer, End, Handle, Runner, Session, Status, TcpConnector, closed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

#[derive(Parser)]
struct Arguments {
    /// The server to keep a connection to
    #[arg(value_name = "HOST:PORT")]
    target: Option<String>,
    /// Where to answer over HTTP; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// What a load balancer, or an operator, wants to know.
fn health(handle: &Handle) -> (StatusCode, Value) {
    let counts = handle.stats();
    let status = handle.status();
    let code = match status {
        Status::Connected { ready: true, .. } => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let status = match status {
        Status::Connected { since, stable, .. } => json!({
            "connected_for": since.elapsed().as_secs_f64(),
            "stable": stable,
        }),
        Status::Connecting { attempt } => json!({ "connecting": attempt }),
        Status::Waiting { until, cause, .. } => json!({
            "waiting_for": until.map(|until| until.saturating_duration_since(Instant::now()).as_secs_f64()),
            "cause": cause,
        }),
        stopped => json!(stopped.to_string()),
    };
    let down_for = counts.outage_since.map(|since| since.elapsed());
    let body = json!({
        "status": status,
        "attempts": counts.attempts,
        "connections": counts.connections,
        "failures": counts.failures,
        "outages": counts.outages,
        "uptime": counts.uptime.as_secs_f64(),
        "down_for": down_for.map(|length| length.as_secs_f64()),
    });
    (code, body)
}

fn answer(path: &str, handle: &Handle, metrics: &PrometheusHandle) -> Response<Full<Bytes>> {
    let (code, kind, body) = match path {
        "/health" => {
            let (code, body) = health(handle);
            (code, "application/json", format!("{body:#}\n"))
        }
        "/metrics" => {
            let kind = "text/plain; version=0.0.4";
            (StatusCode::OK, kind, metrics.render())
        }
        _ => (StatusCode::NOT_FOUND, "text/plain", String::new()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

async fn serve(listener: TcpListener, handle: Handle, metrics: PrometheusHandle) {
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, say: no reason to end what the program is for.
                eprintln!("a visitor was not let in: {error}");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (handle, metrics) = (handle.clone(), metrics.clone());
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let response = answer(request.uri().path(), &handle, &metrics);
                async { Ok::<_, Infallible>(response) }
            });
            let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = served.await {
                eprintln!("a visitor was not served: {error}");
            }
        });
    }
}

/// What this program is for: here, reading until the server closes.
async fn read(mut stream: TcpStream, _session: Session) -> io::Result<End> {
    let mut buffer = [0; 1024];
    while stream.read(&mut buffer).await? > 0 {}
    Err(closed())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { target, listen } = Arguments::parse();
    let server = Peer::start(Behaviour::Silent).await?;
    let demonstration = target.is_none();
    let target = target.unwrap_or_else(|| server.addr().to_string());

    let metrics = PrometheusBuilder::new().install_recorder()?;
    let connector = TcpConnector::new(Dialer::new(target.as_str())?, read);
    let runner = Runner::new(connector).observer(Metrics::new(target));
    let (handle, _keeper) = runner.spawn();

    let upkeep = metrics.clone();
    tokio::spawn(async move {
        // Otherwise the measurements pile up while no one asks.
        loop {
            sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    let listener = TcpListener::bind(listen).await?;
    let endpoint = listener.local_addr()?;
    println!("http://{endpoint}/health and http://{endpoint}/metrics");
    let serving = tokio::spawn(serve(listener, handle.clone(), metrics));
    if !demonstration {
        return Ok(serving.await?);
    }

    handle.connected().await?;
    println!("--- connected\n{}", get(endpoint, "/health").await?);
    let down = outage(&server, &Behaviour::Silent, Duration::from_millis(500));
    let asking = async {
        sleep(Duration::from_millis(250)).await;
        get(endpoint, "/health").await
    };
    let ((), asked) = tokio::try_join!(down, asking)?;
    println!("--- the server is down\n{asked}");
    handle.connected().await?;
    let metrics = get(endpoint, "/metrics").await?;
    println!("--- it is back\n{metrics}");
    let mut outages = metrics
        .lines()
        .filter(|line| line.starts_with("schmoozer_outages_total{"));
    match (asked.starts_with("HTTP/1.1 503"), outages.next()) {
        (true, Some(line)) if line.ends_with(" 1") => Ok(()),
        _ => Err("the outage was not seen".into()),
    }
}

async fn get(endpoint: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(endpoint).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
