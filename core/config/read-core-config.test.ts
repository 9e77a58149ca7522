import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from '#schema/kernel/errors.ts'
import { readCoreConfig } from './read-core-config.ts'

const keys = { load: () => 'made' }
const read = (env: Record<string, string>) => readCoreConfig({ env, readFile: () => undefined }, keys)

test('without any setting the database is embedded and everything listens on loopback', () => {
  const { config, warnings } = read({})
  assert.equal(config.database.kind, 'embedded')
  assert.equal(config.secretKey.reveal(), 'made')
  assert.deepEqual(
    Object.values(config.listen).map(({ host, port }) => `${host}:${port}`),
    ['127.0.0.1:9000', '127.0.0.1:9443', '127.0.0.1:9300'],
  )
  assert.deepEqual(warnings, [])
})

test('PostgreSQL credentials follow their references at each use', () => {
  const env: Record<string, string> = {
    AUTHENTIK_POSTGRESQL__HOST: 'db',
    MARTELLO_POSTGRESQL__PASSWORD: 'env://PASSWORD_OF_TODAY',
    MARTELLO_SECRET_KEY: 'k'.repeat(50),
    PASSWORD_OF_TODAY: 'one',
  }
  const { database } = read(env).config
  assert.ok(database.kind === 'postgresql')
  assert.equal(database.host.current(), 'db')
  assert.equal(database.password.current().reveal(), 'one')
  env['PASSWORD_OF_TODAY'] = 'two'
  assert.equal(database.password.current().reveal(), 'two')
})

test('every problem is named at once', () =>
  assert.throws(
    () =>
      read({
        MARTELLO_POSTGRESQL__HOST: 'db',
        MARTELLO_POSTGRESQL__PORT: 'x',
        MARTELLO_POSTGRESQL__SSLMODE: 'maybe',
        MARTELLO_LISTEN__HTTP: 'here',
        MARTELLO_SAMPLE: 'perhaps',
      }),
    (error) => error instanceof ConfigError && error.problems.length === 5,
  ))

test('what controllers are told has defaults, and the names that operators of authentik know', () => {
  assert.deepEqual(read({}).config.outposts, {
    containerImageBase: 'ghcr.io/martello/outpost:%(version)s',
    discover: true,
  })
  const image = 'ghcr.io/goauthentik/%(type)s:%(version)s'
  const env = { AUTHENTIK_OUTPOSTS__CONTAINER_IMAGE_BASE: image, MARTELLO_OUTPOSTS__DISCOVER: 'false' }
  assert.deepEqual(read(env).config.outposts, { containerImageBase: image, discover: false })
})

for (const template of ['', 'x:%(versoin)s', 'x y', '%(type)'])
  test(`"${template}" makes no image`, () =>
    assert.throws(
      () => read({ MARTELLO_OUTPOSTS__CONTAINER_IMAGE_BASE: template }),
      (error) =>
        error instanceof ConfigError && /^MARTELLO_OUTPOSTS__CONTAINER_IMAGE_BASE: /.test(String(error.problems[0])),
    ))
