import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from './errors.ts'
import { SettingsReader } from './settings.ts'

const FILES: Readonly<Record<string, string>> = { '/run/secrets/db': 'from-file\n', '/run/secrets/empty': ' \n' }
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
  ['an environment reference with an empty default', { MARTELLO_POSTGRESQL__HOST: 'env://NOBODY?' }, 'localhost'],
  ['an environment reference to an empty text', { MARTELLO_POSTGRESQL__HOST: 'env://NONE?db5', NONE: '' }, 'localhost'],
  ['nothing', {}, 'localhost'],
  ['an empty text, as nothing', { MARTELLO_POSTGRESQL__HOST: '' }, 'localhost'],
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

const NOT_THERE: ReadonlyArray<[value: string, why: string]> = [
  ['file:///no', 'refers to a file that cannot be read'],
  ['file:///run/secrets/empty', 'refers to a file that is empty'],
  ['file:///run/secrets/empty?other', 'refers to a file that is empty'],
  ['env://NOPE', 'refers to a variable that is not set'],
]
const READ: Readonly<Record<string, (settings: SettingsReader, key: string) => unknown>> = {
  optional: (settings, key) => settings.optional(key),
  text: (settings, key) => settings.text(key, 'fallback'),
  'text that is required': (settings, key) => settings.text(key),
  secret: (settings, key) => settings.secret(key),
  boolean: (settings, key) => settings.boolean(key, true),
  integer: (settings, key) => settings.integer(key, 1),
  url: (settings, key) => settings.url(key),
  list: (settings, key) => settings.list(key, ['fallback']),
  networks: (settings, key) => settings.networks(key, ['127.0.0.0/8']),
  listen: (settings, key) => settings.listen(key, '127.0.0.1:1'),
  live: (settings, key) => settings.live(key, 'fallback', (text) => text),
}
/** What is wrong with settings of which only this one is set. */
function problemsWith(env: Record<string, string>, read: (settings: SettingsReader, key: string) => unknown) {
  const settings = reader(env)
  read(settings, 'secret_key')
  try {
    settings.finish(['MARTELLO_SECRET_KEY'])
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems
  }
}
for (const [what, read] of Object.entries(READ))
  for (const [value, why] of NOT_THERE)
    test(`CF-05: ${what} by ${value} is a problem that names the setting`, () => {
      assert.deepEqual(problemsWith({ MARTELLO_SECRET_KEY: value }, read), [`MARTELLO_SECRET_KEY ${why}`])
      assert.deepEqual(problemsWith({ AUTHENTIK_SECRET_KEY: value }, read), [`AUTHENTIK_SECRET_KEY ${why}`])
    })

const secrets: ReadonlyArray<[what: string, env: Record<string, string>, secret: string | undefined, why?: string]> = [
  ['a file', { MARTELLO_TOKEN: 'file:///run/secrets/db' }, 'from-file'],
  ['an empty text, as none', { MARTELLO_TOKEN: '' }, undefined],
  ['a variable that may be missing', { MARTELLO_TOKEN: 'env://NOBODY?' }, undefined],
  ['an empty variable', { MARTELLO_TOKEN: 'env://NONE', NONE: '' }, undefined, 'refers to a variable that is empty'],
]
for (const [what, env, secret, why] of secrets)
  test(`CF-05: a secret from ${what}`, () => {
    const settings = reader(env)
    assert.equal(settings.secret('token')?.reveal(), secret)
    if (why === undefined) settings.finish()
    else assert.throws(() => settings.finish(), new ConfigError([`MARTELLO_TOKEN ${why}`]))
  })

test('an unknown variable with our prefix is a warning that names the nearest setting', () => {
  const settings = reader({ MARTELLO_LISTEN__HTPP: 'x', MARTELLO_COMPLETELY_ELSEWHERE: 'x', AUTHENTIK_UNKNOWN: 'x' })
  settings.listen('listen.http', '127.0.0.1:9000')
  assert.deepEqual(settings.finish(), [
    'MARTELLO_LISTEN__HTPP is not a setting, did you mean MARTELLO_LISTEN__HTTP?',
    'MARTELLO_COMPLETELY_ELSEWHERE is not a setting',
  ])
})

test('a live value by a file that is away or empty for a moment keeps the last one', () => {
  const files: Record<string, string> = { '/pw': 'first' }
  const env = { MARTELLO_POSTGRESQL__PASSWORD: 'file:///pw' }
  const settings = new SettingsReader({ env, readFile: (path) => files[path] })
  const password = settings.live('postgresql.password', '', (text) => text)
  settings.finish()
  for (const [content, expected] of [
    [undefined, 'first'],
    ['', 'first'],
    ['second', 'second'],
  ] as const) {
    if (content === undefined) delete files['/pw']
    else files['/pw'] = content
    assert.equal(password.current(), expected)
  }
  assert.deepEqual(settings.finish(), [])
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
