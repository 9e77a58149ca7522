import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from './errors.ts'
import { SettingsReader } from './settings.ts'

const FILES: Readonly<Record<string, string>> = { '/run/secrets/db': 'from-file\n' }
const reader = (env: Record<string, string>) => new SettingsReader({ env, readFile: (path) => FILES[path] })

const texts: ReadonlyArray<[what: string, env: Record<string, string>, value: string]> = [
  ['our prefix', { MARTELLO_POSTGRESQL__HOST: 'db' }, 'db'],
  ['the alias', { AUTHENTIK_POSTGRESQL__HOST: 'db' }, 'db'],
  ['our prefix before the alias', { MARTELLO_POSTGRESQL__HOST: 'ours', AUTHENTIK_POSTGRESQL__HOST: 'theirs' }, 'ours'],
  ['an environment reference', { MARTELLO_POSTGRESQL__HOST: 'env://HOST_OF_DB', HOST_OF_DB: 'db2' }, 'db2'],
  ['an environment reference with a default', { MARTELLO_POSTGRESQL__HOST: 'env://NOBODY?db3' }, 'db3'],
  ['a file reference, trimmed', { MARTELLO_POSTGRESQL__HOST: 'file:///run/secrets/db' }, 'from-file'],
  ['a file reference with a default', { MARTELLO_POSTGRESQL__HOST: 'FILE:///nowhere?db4' }, 'db4'],
  ['a reference that is not followed twice', { MARTELLO_POSTGRESQL__HOST: 'env://A', A: 'env://B', B: 'x' }, 'env://B'],
  ['nothing', {}, 'localhost'],
]
for (const [what, env, value] of texts)
  test(`a setting from ${what}`, () => assert.equal(reader(env).text('postgresql.host', 'localhost'), value))

const listens: ReadonlyArray<[text: string, host: string, port: number]> = [
  ['127.0.0.1:9000', '127.0.0.1', 9000],
  ['[::1]:389', '::1', 389],
  [':636', '::', 636],
  ['localhost:0', 'localhost', 0],
]
for (const [text, host, port] of listens)
  test(`listen on ${text}`, () =>
    assert.deepEqual(reader({ MARTELLO_LISTEN__LDAP: text }).listen('listen.ldap', '0.0.0.0:1'), {
      host,
      port,
      setting: 'MARTELLO_LISTEN__LDAP',
    }))

test('every problem is named at once', () => {
  const settings = reader({
    MARTELLO_DEBUG: 'maybe',
    AUTHENTIK_LISTEN__HTTP: '9000',
    MARTELLO_HOST: 'ftp://user:pw@x',
    MARTELLO_LISTEN__LDAP: '1.2.3.4:70000',
    MARTELLO_LOG_LEVEL: 'loud',
    MARTELLO_TOKEN: '',
  })
  settings.boolean('debug', false)
  settings.listen('listen.http', '127.0.0.1:9000')
  settings.listen('listen.ldap', '127.0.0.1:9000')
  settings.url('host')
  settings.logLevel()
  settings.text('token')
  assert.throws(
    () => settings.finish(),
    (error) =>
      error instanceof ConfigError &&
      [
        'MARTELLO_DEBUG',
        'AUTHENTIK_LISTEN__HTTP',
        'MARTELLO_LISTEN__LDAP',
        'MARTELLO_HOST',
        'MARTELLO_LOG_LEVEL',
        'MARTELLO_TOKEN',
      ].every((name) => error.problems.filter((problem) => problem.startsWith(name)).length === 1) &&
      !error.message.includes('pw'),
  )
})

const networkLists: ReadonlyArray<[text: string | undefined, networks: readonly string[], bad: readonly string[]]> = [
  [undefined, ['127.0.0.0/8'], []],
  ['', [], []],
  [' 192.0.2.0/24, 2001:db8::/32 ,10.0.0.1', ['192.0.2.0/24', '2001:db8::/32', '10.0.0.1'], []],
  ['192.0.2.0/24,10.0.0.0/33, loopback', ['192.0.2.0/24'], ['10.0.0.0/33', 'loopback']],
]
for (const [text, networks, bad] of networkLists)
  test(`networks from ${text}`, () => {
    const name = 'MARTELLO_LISTEN__TRUSTED_PROXY_CIDRS'
    const settings = reader(text === undefined ? {} : { [name]: text })
    assert.deepEqual(settings.networks('listen.trusted_proxy_cidrs', ['127.0.0.0/8']), networks)
    const problems = bad.map((each) => `${name}: ${each} is not a network such as 192.0.2.0/24`)
    if (bad.length === 0) assert.deepEqual(settings.finish(), [])
    else
      assert.throws(
        () => settings.finish(),
        (error) => {
          assert.ok(error instanceof ConfigError)
          assert.deepEqual(error.problems, problems)
          return true
        },
      )
  })

test('an unknown variable with our prefix is a warning that names the nearest setting', () => {
  const settings = reader({ MARTELLO_LISTEN__HTPP: 'x', MARTELLO_COMPLETELY_ELSEWHERE: 'x', AUTHENTIK_UNKNOWN: 'x' })
  settings.listen('listen.http', '127.0.0.1:9000')
  assert.deepEqual(settings.finish(), [
    'MARTELLO_LISTEN__HTPP is not a setting, did you mean MARTELLO_LISTEN__HTTP?',
    'MARTELLO_COMPLETELY_ELSEWHERE is not a setting',
  ])
})

test('a live value follows its reference at each use and keeps the last good value', () => {
  const env: Record<string, string> = { MARTELLO_POSTGRESQL__PORT: 'env://PORT_OF_DB', PORT_OF_DB: '5432' }
  const port = reader(env).live('postgresql.port', 1, (text) => (/^\d+$/.test(text) ? Number(text) : undefined))
  assert.equal(port.current(), 5432)
  env['PORT_OF_DB'] = '6000'
  assert.equal(port.current(), 6000)
  env['PORT_OF_DB'] = 'broken'
  assert.equal(port.current(), 6000)
  delete env['PORT_OF_DB']
  assert.equal(port.current(), 6000)
})
