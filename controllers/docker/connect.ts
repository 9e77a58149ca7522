import { X509Certificate } from 'node:crypto'
import { Agent } from 'node:http'
import { connect as connectTcp, isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { ServiceConnectionError } from '#controllers/target/target-error.ts'
import { openSshTunnel } from './ssh-tunnel.ts'

const SOCKET = '/var/run/docker.sock'
const PLAIN_PORT = 2375
const TLS_PORT = 2376
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** How a Docker daemon is reached, with everything in memory. */
export interface DockerCredentials {
  /** `unix:///…`, `tcp://host:port`, `https://host:port`, `ssh://user@host:port/path/to.sock`; ignored for a local one. */
  readonly url: string
  /** The daemon of this machine: `DOCKER_HOST`, else the usual socket. */
  readonly local: boolean
  /** PEM. */
  readonly ca?: string | undefined
  readonly certificate?: string | undefined
  readonly key?: string | undefined
  /** OpenSSH public key line. */
  readonly sshHostKey?: string | undefined
}

type Connect = () => Duplex | Promise<Duplex>

interface AgentOptions {
  readonly end?: () => void
  readonly keepAlive?: boolean
  readonly trouble?: () => string | undefined
}

/** Connections of the Engine API over whatever leads to the daemon. */
export class EngineAgent extends Agent {
  /** What is known on this side of why connections would fail, now. */
  readonly trouble: () => string | undefined
  readonly #connect: Connect
  readonly #end: () => void

  constructor(connect: Connect, { end = () => {}, keepAlive = true, trouble = () => undefined }: AgentOptions = {}) {
    super({ keepAlive, maxSockets: 16 })
    this.trouble = trouble
    this.#connect = connect
    this.#end = end
  }

  override createConnection(_: unknown, done?: (error: Error | null, stream: Duplex) => void): undefined {
    Promise.resolve()
      .then(() => this.#connect())
      .then(
        (stream) => done?.(null, stream),
        (error) => done?.(error, undefined as never),
      )
    return undefined
  }

  override destroy(): void {
    super.destroy()
    this.#end()
  }
}

/** Where the daemon of this machine is. */
export function localDockerUrl(env: Readonly<Record<string, string | undefined>>): string {
  return env['DOCKER_HOST'] || `unix://${SOCKET}`
}

/** Connections to the daemon; a ServiceConnectionError names the setting that cannot be used. */
export function dockerAgent(
  credentials: DockerCredentials,
  env: Readonly<Record<string, string | undefined>>,
): EngineAgent {
  const text = credentials.local ? localDockerUrl(env) : credentials.url
  const url = URL.parse(text)
  if (url === null) throw new ServiceConnectionError('url is not an address of a Docker daemon')
  if (url.protocol === 'unix:') return new EngineAgent(() => connectTcp(decodeURIComponent(url.pathname)))
  if (url.protocol === 'ssh:') {
    const tunnel = openSshTunnel(url, credentials, url.pathname.length > 1 ? decodeURIComponent(url.pathname) : SOCKET)
    // A channel of SSH is no socket, and costs little to open.
    return new EngineAgent(tunnel.connect, { end: tunnel.end, keepAlive: false })
  }
  if (!['http:', 'https:', 'tcp:'].includes(url.protocol))
    throw new ServiceConnectionError(`url: ${url.protocol} is none of unix:, tcp:, https:, http:, ssh:`)
  const usesTls = url.protocol === 'https:' || credentials.ca !== undefined || credentials.certificate !== undefined
  return usesTls ? tlsAgent(url, credentials) : plainAgent(url)
}

/** Whoever reaches a daemon without TLS owns its machine: only for what cannot leave this one. */
function plainAgent(url: URL): EngineAgent {
  if (!LOOPBACK.test(url.hostname))
    throw new ServiceConnectionError('url: a daemon on another machine needs TLS (tls_authentication) or SSH')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return new EngineAgent(() => connectTcp(Number(url.port) || PLAIN_PORT, host))
}

function tlsAgent(url: URL, { ca, certificate: cert, key }: DockerCredentials): EngineAgent {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port) || TLS_PORT
  const own = { ...(ca === undefined ? {} : { ca }), ...(cert === undefined ? {} : { cert, key }) }
  // An address is checked against the certificate too, but is no server name (RFC 6066 §3).
  const name = isIP(host) === 0 ? { servername: host } : {}
  const connect = () => connectTls({ ...own, ...name, host, port, minVersion: 'TLSv1.2' })
  return new EngineAgent(connect, { trouble: () => (cert === undefined ? undefined : expiryOf(cert)) })
}

/** A daemon calls a certificate that has expired a bad one, like any other that it does not take. */
function expiryOf(certificate: string): string | undefined {
  try {
    const { validTo } = new X509Certificate(certificate)
    return Date.parse(validTo) < Date.now() ? `the certificate of tls_authentication expired ${validTo}` : undefined
  } catch {
    // That it is no certificate is what the connection fails of.
    return undefined
  }
}
