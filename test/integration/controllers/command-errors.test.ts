// What the commands tell a person who made a mistake, and the exit code that a script goes by.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { CONTROLLER_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import { type Answer, run } from '#test/support/engines/tools.ts'

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'controllers', 'commands', 'martello.mjs')
/** The discard port (RFC 863), on which nobody listens. */
const NOBODY = 'http://127.0.0.1:9'
const APPLY = ['apply', '--plan', '0'.repeat(16)]

const martello = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  run(process.execPath, [COMMAND, ...args], { env: { MARTELLO_CONTROLLER__KINDS: 'local', ...env } })

async function assertFails(answer: Promise<Answer>, code: number, ...told: readonly RegExp[]): Promise<void> {
  const { code: ended, text } = await answer
  for (const each of told) assert.match(text, each)
  assert.doesNotMatch(text, /^ {4}at |Nothing would change/m)
  assert.equal(ended, code, text)
}

suite('a plan that cannot be made', () => {
  let core: TestCore
  before(async () => {
    core = await startCore({ controller: true })
  })
  after(() => core[Symbol.asyncDispose]())

  for (const args of [['plan'], APPLY]) {
    const [command] = args
    test(`${command} for an outpost that there is not names it, and the one that may be meant`, () => {
      const env = { MARTELLO_HOST: core.url, MARTELLO_TOKEN: CONTROLLER_TOKEN }
      const asked = [...args, '--outpost', 'radus', '--outpost', 'ldap', '--outpost', 'nobody-knows']
      const told = [/there is no outpost "radus" .*did you mean "radius"\?$/m, /there is no outpost "nobody-knows"/]
      return assertFails(martello(asked, env), 2, ...told)
    })

    test(`${command} with a wrong token names the setting and whose token it has to be`, () =>
      assertFails(
        martello(args, { MARTELLO_HOST: core.url, MARTELLO_TOKEN: 'wrong' }),
        2,
        /MRT_CORE_REFUSED: the core answered 403.*MARTELLO_TOKEN.*martello-controller/,
      ))

    test(`${command} without a core names its address and the setting`, () =>
      assertFails(
        martello(args, { MARTELLO_HOST: NOBODY, MARTELLO_TOKEN: 'x' }),
        2,
        /MRT_CORE_UNREACHABLE.*127\.0\.0\.1:9.*MARTELLO_HOST/,
      ))

    test(`${command} without settings names those that it needs`, () =>
      assertFails(martello(args, { MARTELLO_HOST: '', MARTELLO_TOKEN: '' }), 2, /MARTELLO_TOKEN/, /MARTELLO_HOST/))
  }

  test('manifests outpost with a wrong token names the setting', () =>
    assertFails(
      martello(['manifests', 'outpost', '--name', 'ldap'], { MARTELLO_HOST: core.url, MARTELLO_TOKEN: 'wrong' }),
      1,
      /MRT_CORE_REFUSED.*MARTELLO_TOKEN/,
    ))
})

suite('manifests for what cannot be', () => {
  const LONG = 'n'.repeat(64)
  const rows: ReadonlyArray<[args: readonly string[], named: string]> = [
    [['--namespace', 'Bad NS!'], '"Bad NS!" is not a namespace'],
    [['--namespace', 'a.b'], '"a.b" is not a namespace'],
    [['--namespace', ''], '"" is not a namespace'],
    [['--namespace', LONG], `"${LONG}" is not a namespace`],
    [['--host', 'http://x', '--image', 'Not An Image'], '"Not An Image" is not an image'],
    [['--host', 'core.example'], '"core.example" is not an http or https URL'],
    [['--host', 'ftp://core.example'], '"ftp://core.example" is not an http or https URL'],
    [['--host', 'https://u:p@core.example'], '--host: a URL with credentials'],
    [['--host', ''], '"" is not an http or https URL'],
  ]
  for (const [args, named] of rows)
    test(`${args.join(' ')} is wrong use`, async () => {
      const { code, text } = await martello(['manifests', 'controller', ...args])
      assert.equal(code, 2, text)
      assert.ok(text.includes(named), text)
      assert.doesNotMatch(text, /^kind:/m)
    })
})

for (const command of ['', 'apply', 'config', 'manifests', 'openapi', 'plan', 'start'])
  test(`martello ${command} -h is --help`, async () => {
    const words = command === '' ? [] : [command]
    const [short, long] = [await martello([...words, '-h']), await martello([...words, '--help'])]
    assert.match(short.text, /^usage: martello/)
    assert.deepEqual(short, long)
    assert.equal(short.code, 0)
  })
