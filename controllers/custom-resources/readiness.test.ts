import assert from 'node:assert/strict'
import test from 'node:test'
import { outpostReadiness } from './readiness.ts'

const record = (conditions: string[], error = '') => ({
  outpost: '00000000-0000-4000-8000-000000000001',
  outpost_name: 'x',
  connection: '00000000-0000-4000-8000-000000000002',
  inventory: [],
  objects: conditions.map((condition) => ({
    component: 'deployment',
    kind: 'Deployment',
    name: 'x',
    condition,
    reason: 'Why',
    message: 'because',
    since: '2026-01-01T00:00:00Z',
  })),
  error,
  reconciled: '2026-01-01T00:00:00Z',
})
const linked = [{ version: '1.0' }]
const vectors: ReadonlyArray<
  [what: string, connection: string | null, record: unknown, health: unknown, ready: string]
> = [
  ['nobody has deployed it', 's', undefined, linked, 'False NotDeployed'],
  ['it cannot be deployed', 's', record([], 'the cluster does not answer'), linked, 'False DeploymentFailed'],
  ['one object failed', 's', record(['ready', 'failed']), linked, 'False DeploymentFailed'],
  ['one object was refused', 's', record(['rejected', 'progressing']), linked, 'False DeploymentFailed'],
  ['one is on its way', 's', record(['ready', 'progressing']), linked, 'False Progressing'],
  ['all are there, none is linked', 's', record(['ready', 'skipped']), [], 'False NotLinked'],
  ['all are there and linked', 's', record(['ready', 'skipped']), linked, 'True Serving'],
  ['people run it', null, undefined, linked, 'True Serving'],
  ['people do not run it', null, undefined, [], 'False NotLinked'],
  ['its health cannot be understood', null, undefined, { detail: 'no' }, 'False NotLinked'],
]
for (const [what, service_connection, of, health, expected] of vectors)
  test(`an outpost is ${expected}: ${what}`, () => {
    const { ready } = outpostReadiness({ service_connection }, of, health)
    assert.equal(`${ready.status} ${ready.reason}`, expected)
    assert.notEqual(ready.message, '')
  })
