import assert from 'node:assert/strict'
import test from 'node:test'
import { ConfigError } from '#schema/kernel/errors.ts'
import type { SettingsSource } from '#schema/kernel/settings.ts'
import { readControllerConfig } from './controller-config.ts'
import { readStartConfig } from './start-config.ts'

const READERS: ReadonlyArray<[who: string, read: (source: SettingsSource) => { readonly kinds: readonly string[] }]> = [
  ['npm start', readStartConfig],
  ['a controller on its own', readControllerConfig],
]
const sourceOf = (kinds: string | undefined): SettingsSource => ({
  env: { MARTELLO_HOST: 'http://core.example', MARTELLO_TOKEN: 't', MARTELLO_CONTROLLER__KINDS: kinds },
  readFile: () => undefined,
})

const rows: ReadonlyArray<[kinds: string | undefined, served: string[]]> = [
  [undefined, ['local', 'docker', 'kubernetes']],
  ['', ['local', 'docker', 'kubernetes']],
  ['docker', ['docker']],
  ['kubernetes,local', ['local', 'kubernetes']],
]
for (const [who, read] of READERS) {
  for (const [kinds, served] of rows)
    test(`${who} serves ${served.join(', ')} when the setting is ${kinds === '' ? 'empty' : (kinds ?? 'not there')}`, () =>
      assert.deepEqual(read(sourceOf(kinds)).kinds, served))

  test(`${who} serves no kind that there is not`, () =>
    assert.throws(
      () => read(sourceOf('docker,podman')),
      (error) =>
        error instanceof ConfigError &&
        error.problems.join() === 'MARTELLO_CONTROLLER__KINDS: podman is none of local, docker, kubernetes',
    ))
}
