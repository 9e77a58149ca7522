import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { Registry } from 'prom-client'
import { createFlowClient } from '#outposts/flow/create-flow-client.ts'
import { flowMetrics } from '#outposts/flow/flow-metrics.ts'
import { createHttp } from '#outposts/link/axios-transport.ts'
import { Secret } from '#schema/kernel/secret.ts'

type Handler = (req: IncomingMessage, res: ServerResponse) => void
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_, res) =>
    void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const raw =
  (status: number, body: string, headers: Record<string, string> = {}): Handler =>
  (_, res) =>
    void res.writeHead(status, headers).end(body)

const PASSED = json(200, { component: 'xak-flow-redirect', to: '/' }, { 'set-cookie': 'authentik_session=s; HttpOnly' })
const ALLOWED = json(200, { passing: true })
const ME = json(200, { user: { pk: 1, username: 'demo', uid: 'u', is_active: true, groups: [] } })

interface Core {
  readonly flow?: Handler
  readonly access?: Handler
  readonly me?: Handler
}

/** What a login makes of a core that answers like this; everything not said is as it should be. */
async function outcome({ flow = PASSED, access = ALLOWED, me = ME }: Core, code?: string): Promise<string> {
  const server = createServer((req, res) => {
    req.resume()
    const handler = req.url!.includes('/flows/') ? flow : req.url!.includes('check_access') ? access : me
    handler(req, res)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const host = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const client = createFlowClient(
      createHttp({ insecure: false }),
      { host, token: new Secret('t'), mayAdmit: () => true },
      flowMetrics(new Registry()),
    )
    const { kind } = await client.login({
      flowSlug: 'f',
      applicationSlug: 'a',
      username: 'demo',
      password: 'x',
      code,
      remoteIp: '192.0.2.1',
      protocol: 'ldap',
      signal: AbortSignal.timeout(5_000),
    })
    return kind
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const rows: ReadonlyArray<[what: string, core: Core, kind: string]> = [
  ['everything as it should be', {}, 'allowed'],
  ['502', { flow: raw(502, 'Bad Gateway') }, 'unavailable'],
  ['HTML', { flow: raw(200, '<html>', { 'content-type': 'text/html' }) }, 'unavailable'],
  ['a redirect elsewhere', { flow: raw(302, '', { location: 'http://evil.example/' }) }, 'unavailable'],
  [
    'a redirect to itself for ever',
    { flow: (req, res) => void res.writeHead(302, { location: req.url! }).end() },
    'unavailable',
  ],
  ['a challenge of an unknown kind', { flow: json(200, { component: 'ak-stage-new' }) }, 'unavailable'],
  [
    'half a body',
    {
      flow: (_, res) => {
        res.writeHead(200, { 'content-length': '100' }).write('{"component":')
        res.destroy()
      },
    },
    'unavailable',
  ],
  ['nothing at all', { flow: (req) => void req.socket.destroy() }, 'unavailable'],
  ['success with status 500', { flow: json(500, { component: 'xak-flow-redirect', to: '/' }) }, 'unavailable'],
  ['a flow that is not there', { flow: json(404, { detail: 'Not found.' }) }, 'unavailable'],
  ['access denied', { flow: json(200, { component: 'ak-stage-access-denied' }) }, 'denied'],
  ['the same question again and again', { flow: json(200, { component: 'ak-stage-password' }) }, 'denied'],
  ['a session that is nobody', { access: json(403, { detail: 'x' }) }, 'denied'],
  ['no access', { access: json(200, { passing: false }) }, 'denied'],
  ['access that is not said', { access: json(200, {}) }, 'unavailable'],
  ['access as text', { access: json(200, { passing: 'true' }) }, 'unavailable'],
  ['access that cannot be asked', { access: raw(502, '') }, 'unavailable'],
  ['a user who cannot be read', { me: raw(200, '<html>') }, 'unavailable'],
  [
    'somebody else',
    { me: json(200, { user: { pk: 2, username: 'other', uid: 'u', is_active: true, groups: [] } }) },
    'denied',
  ],
  [
    'somebody inactive',
    { me: json(200, { user: { pk: 1, username: 'demo', uid: 'u', is_active: false, groups: [] } }) },
    'denied',
  ],
]
for (const [what, core, kind] of rows)
  test(`LD-24: ${what} is ${kind}`, async () => assert.equal(await outcome(core), kind))

test('a code that the flow has not asked for lets nobody in', async () =>
  assert.equal(await outcome({}, '123456'), 'denied'))
