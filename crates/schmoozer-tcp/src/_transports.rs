//! Proxies, TLS, WebSocket, and transports other than TCP.
//!
//! Put each layer between TCP and your protocol into [`TcpConnector::upgraded`](crate::TcpConnector::upgraded). The
//! upgrade is part of connecting. It must end within the dialer's timeout, and if it fails, the attempt has failed. For
//! several layers, write one upgrade that adds them one after the other.
//!
//! - [Through a SOCKS5 proxy](#through-a-socks5-proxy)
//! - [Through an HTTP proxy](#through-an-http-proxy)
//! - [TLS, with ALPN](#tls-with-alpn)
//! - [WebSocket](#websocket)
//!
//! Other transports go into [`connector_fn`](schmoozer_core::connector_fn) or
//! [`connector_with`](schmoozer_core::connector_with):
//!
//! - [A Unix socket](#a-unix-socket)
//! - [A serial port](#a-serial-port)
//! - [A named pipe of Windows](#a-named-pipe-of-windows)

// Those that need other crates are tested in crates/guides.

#![cfg_attr(not(doctest), doc = include_str!("_transports/socks5.md"))]
#![doc = include_str!("_transports/connect.md")]
#![cfg_attr(not(doctest), doc = include_str!("_transports/tls.md"))]
#![cfg_attr(not(doctest), doc = include_str!("_transports/websocket.md"))]
#![doc = include_str!("_transports/unix.md")]
#![cfg_attr(not(doctest), doc = include_str!("_transports/serial.md"))]
#![doc = include_str!("_transports/named_pipe.md")]
