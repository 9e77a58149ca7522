// The proxy outpost's own server with one application and somebody who is signed in, or (`bare`) a server that says 200
// to everybody: `KIND PORT`. Prints the session's cookie.
import { createServer } from 'node:http'
import { ProxyServer } from '#outposts/http/server/proxy-server.ts'
import { Sessions } from '#outposts/http/session/sessions.ts'
import type { CoreClient } from '#schema/client/request.ts'
import { outpostHost } from '#test/support/outpost-host.ts'

const [, , kind, port] = process.argv
const address = { host: '127.0.0.1', port: Number(port), setting: 'port' }
const at = (path: string) => `http://core.example${path}`
const provider = {
  pk: 1,
  name: 'bench',
  external_host: 'http://app.example',
  client_id: 'client',
  client_secret: 'secret',
  cookie_secret: 'cookie-secret-of-the-benchmark',
  mode: 'forward_single',
  access_token_validity: 86_400,
  scopes_to_request: ['openid'],
  assigned_application_slug: 'bench',
  assigned_application_name: 'Bench',
  oidc_configuration: {
    issuer: at('/application/o/bench/'),
    authorization_endpoint: at('/a/'),
    token_endpoint: at('/t/'),
    userinfo_endpoint: at('/u/'),
    end_session_endpoint: at('/e/'),
    introspection_endpoint: at('/i/'),
    jwks_uri: at('/j/'),
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['HS256'],
    subject_types_supported: ['public'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  },
}
const core: CoreClient = {
  request: async () => ({
    kind: 'ok',
    status: 200,
    etag: undefined,
    body: { pagination: { next: 0 }, results: [provider] },
  }),
}

async function martello(): Promise<void> {
  const host = await outpostHost({ core, listen: { http: { port: Number(port) } }, trustedProxyCidrs: ['127.0.0.0/8'] })
  const server = new ProxyServer(host)
  await server.configure({ pk: 'o', name: 'bench', config: {} })
  await server.listen()
  const { clock } = host
  const { cookieName } = [...server.applications][0]!.settings
  const sessions = new Sessions({
    secret: provider.cookie_secret,
    owner: `${provider.pk} ${provider.client_id}`,
    cookieName,
    isSecure: false,
  })
  const claims = {
    sub: 'uid',
    sid: 'sid',
    preferred_username: 'demo',
    name: 'Demo User',
    email: 'demo@example.com',
    groups: ['staff', 'everybody'],
  }
  const token = `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`
  const now = clock.now()
  const cookies = sessions.begin(
    token,
    { id: 'x', issuedAt: now, expires: now + 86_400_000 },
    { header: undefined, now },
  )
  console.log(cookies?.map((line) => line.split(';')[0]).join('; '))
}

if (kind === 'bare') {
  createServer((_, res) => res.writeHead(200, { 'content-length': 2 }).end('ok')).listen(address.port, address.host)
  console.log('a=b')
} else await martello()
