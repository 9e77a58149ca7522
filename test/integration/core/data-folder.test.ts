// A folder for data that cannot be: what is told, and that it ends.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { makeDataFolder } from '#controllers/start/data-folder.ts'
import { ConfigError } from '#schema/kernel/errors.ts'
import { databaseFolder } from '#test/support/engines/process.ts'
import { martello } from '#test/support/martello.ts'

const below = (root: string) => {
  writeFileSync(join(root, 'file'), '')
  symlinkSync(join(root, 'nowhere'), join(root, 'dangling'))
  return root
}
const wrong: ReadonlyArray<[what: string, path: (root: string) => string, reason: RegExp]> = [
  ['a file', (root) => join(root, 'file'), /: there is something else in place of the folder;/],
  ['below a file', (root) => join(root, 'file', 'x', 'y'), /: there is something else in place of the folder;/],
  ['a link to nowhere', (root) => join(root, 'dangling'), /: there is something else in place of the folder;/],
  ['a device', () => '/dev/null', /: there is something else in place of the folder;/],
  ['where no folder can be made', () => '/proc/nope', /: no folder can be made there;/],
  ['further below that', () => '/proc/nope/x/y', /: no folder can be made there;/],
  [
    'where this user may not write',
    () => '/sys/nope',
    /: (this user may not write there|the file system is read-only);/,
  ],
  ['a name too long', (root) => join(root, 'n'.repeat(300)), /: the name is too long;/],
]

suite('a folder for data', () => {
  for (const [what, path, reason] of wrong)
    test(`that is ${what} is a problem with its cause`, () => {
      using folder = databaseFolder('data-folder')
      mkdirSync(folder.path, { recursive: true })
      const wanted = path(below(folder.path))
      assert.throws(
        () => makeDataFolder(wanted),
        (error) => {
          assert.ok(error instanceof ConfigError)
          const [problem = ''] = error.problems
          for (const each of ['MARTELLO_DATA_DIR', wanted]) assert.ok(problem.includes(each), problem)
          assert.match(problem, reason)
          return true
        },
      )
    })

  test('is made with all that leads to it, for its owner only, and stays what it was', () => {
    using folder = databaseFolder('data-folder')
    const wanted = join(folder.path, 'a', 'b')
    makeDataFolder(wanted)
    writeFileSync(join(wanted, 'kept'), '')
    makeDataFolder(wanted)
    assert.equal(statSync(wanted).mode & 0o777, 0o700)
    assert.ok(existsSync(join(wanted, 'kept')))
  })

  test('that cannot be ends npm start with the problem, and nothing of Node', () => {
    const { code, stderr } = martello(['start'], { MARTELLO_DATA_DIR: '/proc/nope' })
    assert.equal(code, 1)
    assert.match(stderr, /^MRT_CONFIG: \/proc\/nope cannot be used: .*MARTELLO_DATA_DIR/)
    assert.equal(stderr.trim().split('\n').length, 1)
  })
})
