//! The metrics endpoint for Prometheus. It has its own listener, never the page's.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use tokio::net::TcpListener;

use crate::server::client_address::TrustedProxies;
use crate::server::gate::Gate;
use crate::server::listener;

/// The media type of OpenMetrics text.
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Settings of the metrics endpoint.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Metrics")]
pub struct MetricsArgs {
    /// Address and port that serve /metrics for Prometheus, over plain HTTP and without a password. If it is not set,
    /// there are no metrics.
    #[arg(long, env = "PASSMINT_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Allow --metrics-listen to be an address that other machines can reach, as in a container. Restrict access to it
    /// with a firewall or a private network.
    #[arg(long, env = "PASSMINT_METRICS_EXPOSED")]
    pub metrics_exposed: bool,
}

impl MetricsArgs {
    /// Opens the socket; [`serve`] answers on it. Returns `None` if no address is set.
    ///
    /// # Errors
    /// If the address is reachable from other machines and that is not allowed, or the socket cannot be opened.
    pub async fn open(&self) -> Result<Option<TcpListener>> {
        let Some(address) = self.metrics_listen else { return Ok(None) };
        ensure!(
            self.metrics_exposed || address.ip().is_loopback(),
            "--metrics-listen {address} can be reached from other machines, and has neither TLS nor a password: take a \
             loopback address, or add --metrics-exposed if strangers are kept off it"
        );
        listener::bind_tcp(address, "--metrics-listen").await.map(Some)
    }
}

/// Serves the metrics until the process ends.
///
/// # Errors
/// If the system does not say where the socket listens.
pub fn serve(socket: TcpListener, gate: Gate) -> Result<()> {
    let address = socket.local_addr().context("cannot listen")?;
    tracing::info!(%address, "serving metrics");
    let time = Duration::from_secs(10);
    let bounds = listener::ConnectionBounds {
        connections: 16,
        per_client: 0,
        head: time,
        send: time,
        grace: Duration::from_secs(1),
    };
    let proxies = TrustedProxies::default();
    tokio::spawn(listener::serve(socket, router(gate), bounds, proxies, std::future::pending()));
    Ok(())
}

/// `/metrics`, and nothing else.
pub fn router(gate: Gate) -> Router {
    Router::new().route("/metrics", get(answer)).with_state(gate)
}

async fn answer(State(gate): State<Gate>) -> Response {
    match gate.metrics().text(&gate.usage(), gate.is_open()) {
        Ok(text) => ([(header::CONTENT_TYPE, KIND)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
