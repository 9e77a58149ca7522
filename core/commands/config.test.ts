import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { temporaryFolder } from '#test/support/engines/process.ts'
import { martello } from '#test/support/martello.ts'

const WRONG = {
  MARTELLO_LISTEN__HTTP: 'nowhere',
  MARTELLO_SAMPLE: 'perhaps',
  MARTELLO_DEFAULT_TOKEN_LENGTH: '3',
  MARTELLO_SECRET_KEY: 'hush',
}

test('CF-04: settings that can be used are answered with 0, and nothing is made', () => {
  using folder = temporaryFolder('config-check')
  const data = join(folder.path, 'data')
  const { code, stdout } = martello(['config', 'check'], { MARTELLO_DATA_DIR: data })
  assert.deepEqual([code, stdout], [0, ''])
  assert.ok(!existsSync(data))
})

test('CF-04: settings that cannot be used are answered with 1, and every problem is named at once', () => {
  const { code, stdout } = martello(['config', 'check'], WRONG)
  assert.equal(code, 1)
  for (const name of Object.keys(WRONG)) assert.match(stdout, new RegExp(`^${name}`, 'm'))
  assert.doesNotMatch(stdout, /hush/)
})

test('CF-05: a setting that nothing reads is a warning, with the name that is meant', () => {
  const { code, stdout } = martello(['config', 'check'], { MARTELLO_LOG_LEVLE: 'info' })
  assert.equal(code, 0)
  assert.match(stdout, /^warning: .*MARTELLO_LOG_LEVLE.*MARTELLO_LOG_LEVEL\b/)
})

test('the result is JSON when that is asked for', () => {
  const { code, stdout } = martello(['config', 'check', '--json'], { ...WRONG, MARTELLO_NOTHING: 'x' })
  const { problems, warnings } = JSON.parse(stdout) as { problems: string[]; warnings: string[] }
  assert.deepEqual([code, problems.length >= Object.keys(WRONG).length, Array.isArray(warnings)], [1, true, true])
  const fine = martello(['config', 'check', '--json'])
  assert.deepEqual([fine.code, JSON.parse(fine.stdout)], [0, { problems: [], warnings: [] }])
})

const usages: ReadonlyArray<[args: string, code: number]> = [
  ['config --help', 0],
  ['config check --help', 0],
  ['config check --json --help', 0],
  ['config', 2],
  ['config nonsense', 2],
  ['config check nonsense', 2],
  ['config check --json nonsense', 2],
]
for (const [args, code] of usages)
  test(`martello ${args} tells how it is used, and ends with ${code}`, () => {
    const run = martello(args.split(' '))
    assert.equal(run.code, code)
    assert.match(code === 0 ? run.stdout : run.stderr, /^usage: martello config check/)
    assert.equal(code === 0 ? run.stderr : run.stdout, '')
  })
