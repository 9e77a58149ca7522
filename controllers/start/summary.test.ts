import assert from 'node:assert/strict'
import test from 'node:test'
import { readStartConfig } from '#controllers/config/start-config.ts'
import { summaryText } from './summary.ts'

const LISTENING = ['LISTEN__HTTP', 'LISTEN__LDAP', 'LISTEN__RADIUS', 'LOCAL__PROXY_HTTP']

/** What is shown when all of these listen on one host; every other socket is where it is by default. */
function shownOn(host: string | undefined): string {
  const env = Object.fromEntries(
    host === undefined ? [] : LISTENING.map((name, index) => [`MARTELLO_${name}`, `${host}:${1000 + index}`]),
  )
  const config = readStartConfig({ env, readFile: () => undefined })
  return summaryText(config, { types: new Set(['proxy', 'ldap', 'radius'] as const), generated: [], version: '1' })
}

const BY_NAME = {
  core: 'http://localhost:1000  (',
  open: 'http://sample.localhost:1003  (the sample application, behind the proxy outpost)',
  proxy: 'http://*.localhost:1003  (',
  curl: 'curl -sI http://sample.localhost:1003/ |',
  ldap: '-H ldap://localhost:1001 -D',
}
type Shown = typeof BY_NAME & { readonly radius: string; readonly client: string }
const rows: ReadonlyArray<[host: string, shown: Shown]> = [
  ['127.0.0.1', { ...BY_NAME, radius: '127.0.0.1:1002/udp', client: 'radclient 127.0.0.1:1002 auth' }],
  ['0.0.0.0', { ...BY_NAME, radius: '0.0.0.0:1002/udp', client: 'radclient 127.0.0.1:1002 auth' }],
  ['[::]', { ...BY_NAME, radius: '[::]:1002/udp', client: 'radclient 127.0.0.1:1002 auth' }],
  [
    '[::1]',
    {
      ...BY_NAME,
      core: 'http://[::1]:1000  (',
      ldap: "-H 'ldap://[::1]:1001' -D",
      radius: '[::1]:1002/udp',
      client: "radclient '[::1]:1002' auth",
    },
  ],
  [
    '127.0.0.2',
    {
      core: 'http://127.0.0.2:1000  (',
      open: 'http://sample.localhost:1003  (the sample application, behind the proxy outpost, where that name leads to 127.0.0.2)',
      proxy: 'http://*.localhost:1003 at 127.0.0.2  (',
      curl: 'curl -sI --connect-to ::127.0.0.2: http://sample.localhost:1003/ |',
      ldap: '-H ldap://127.0.0.2:1001 -D',
      radius: '127.0.0.2:1002/udp',
      client: 'radclient 127.0.0.2:1002 auth',
    },
  ],
  [
    '[2001:db8::1]',
    {
      core: 'http://[2001:db8::1]:1000  (',
      open: 'http://sample.localhost:1003  (the sample application, behind the proxy outpost, where that name leads to 2001:db8::1)',
      proxy: 'http://*.localhost:1003 at 2001:db8::1  (',
      curl: "curl -sI --connect-to '::[2001:db8::1]:' http://sample.localhost:1003/ |",
      ldap: "-H 'ldap://[2001:db8::1]:1001' -D",
      radius: '[2001:db8::1]:1002/udp',
      client: "radclient '[2001:db8::1]:1002' auth",
    },
  ],
]
for (const [host, shown] of rows)
  test(`what listens on ${host} is shown, and tried, where it is reached`, () => {
    const text = shownOn(host)
    for (const [what, line] of Object.entries(shown)) assert.ok(text.includes(line), `${what}: ${line} in\n${text}`)
  })

test('a port on another address than its neighbour is shown with it', () => {
  assert.match(shownOn('127.0.0.1'), /core +http:\S+ {2}\(HTTPS 9443, metrics 9300\)$/m)
  assert.match(shownOn('127.0.0.2'), /core +http:\S+ {2}\(HTTPS 127\.0\.0\.1:9443, metrics 127\.0\.0\.1:9300\)$/m)
})
