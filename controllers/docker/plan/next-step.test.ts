import assert from 'node:assert/strict'
import test from 'node:test'
import { desiredContainer, OWNER_LABEL, SPEC_LABEL } from '#schema/deployment/docker/desired-container.ts'
import { deploymentDefaults } from '#schema/deployment/settings.ts'
import type { LiveContainer } from './live-container.ts'
import { type NextStep, nextStep, type Situation } from './next-step.ts'

const outpost = {
  pk: '11111111-2222-3333-4444-000000000002',
  name: 'x',
  type: 'radius',
  settings: deploymentDefaults,
  providers: [],
} as const
const desired = desiredContainer(outpost, 'example.com/o:1', { token: 't' })
const owner = desired.body.Labels[OWNER_LABEL]!
const NOW = 1_000_000_000

const live = (more: Partial<LiveContainer> = {}, spec = desired.specHash): LiveContainer => ({
  id: 'named',
  name: desired.name,
  labels: { [OWNER_LABEL]: owner, [SPEC_LABEL]: spec },
  imageId: 'sha256:1',
  status: 'running',
  health: 'healthy',
  startedAt: NOW - 60_000,
  finishedAt: 0,
  restarts: 0,
  exitCode: 0,
  ...more,
})
const old = live({ id: 'old', name: `${desired.name}-previous`, status: 'exited', startedAt: 5 }, 'another')
const older = live({ id: 'older', name: 'another-name', status: 'exited', startedAt: 4 }, 'another')
const neverRan = live({ id: 'next', name: `${desired.name}-next`, status: 'created', startedAt: 0 })
const up = live({ id: 'up', name: `${desired.name}-previous` }, 'another')
/** It has run for a second. */
const crashed = (finishedAt: number) =>
  live({ status: 'exited', exitCode: 1, startedAt: finishedAt - 1_000, finishedAt })
const isRejected = { rejectedSpec: desired.specHash }
const situation = (
  named: LiveContainer | undefined,
  others: LiveContainer[] = [],
  more: Partial<Situation> = {},
): Situation => ({
  desired,
  imageId: 'sha256:1',
  named,
  owned: [...(named === undefined ? [] : [named]), ...others],
  rejectedSpec: undefined,
  now: NOW,
  ...more,
})

const rows: ReadonlyArray<[what: string, situation: Situation, step: NextStep['kind'], of?: string]> = [
  ['nothing is there', situation(undefined), 'create'],
  ['only what makes room is there', situation(undefined, [old]), 'create'],
  [
    '… and was returned to',
    situation(undefined, [live({ ...old, status: 'running' }, 'another')], { rejectedSpec: desired.specHash }),
    'held',
  ],
  ['it is healthy', situation(live()), 'done'],
  ['it is healthy, and others are left', situation(live(), [old, older]), 'done', 'old,older'],
  ["somebody else's", situation(live({ labels: {} })), 'taken'],
  ["another outpost's", situation(live({ labels: { [OWNER_LABEL]: 'f'.repeat(32) } })), 'taken'],
  ['it was made from something else', situation(live({}, 'another')), 'replace', 'spec'],
  ['it was made by the reference', situation(live({ labels: { [OWNER_LABEL]: owner } })), 'replace', 'spec'],
  ['its image has moved', situation(live(), [], { imageId: 'sha256:2' }), 'replace', 'image'],
  ['its image is not on the daemon any more', situation(live(), [], { imageId: undefined }), 'done'],
  [
    'what is wanted was tried and failed',
    situation(live({}, 'another'), [], { rejectedSpec: desired.specHash }),
    'held',
  ],
  ['something else is wanted since', situation(live({}, 'another'), [], { rejectedSpec: 'other' }), 'replace', 'spec'],
  ['it was never started', situation(live({ status: 'created', health: 'none', startedAt: 0 })), 'start'],
  [
    'it was never started, as the one from before still runs',
    situation(live({ status: 'created' }), [up]),
    'start',
    'up',
  ],
  ['it was stopped', situation(live({ status: 'exited', health: 'none' })), 'start'],
  ['it was killed', situation(live({ status: 'exited', exitCode: 137, finishedAt: NOW })), 'start'],
  ['it was paused', situation(live({ status: 'paused' })), 'start'],
  ['it was paused, and there is one from before', situation(live({ status: 'paused' }), [old]), 'start'],
  ['it is being removed', situation(live({ status: 'removing' })), 'wait'],
  ['it cannot run any more', situation(live({ status: 'dead', exitCode: 1 })), 'replace', 'dead'],
  ['… and what is wanted was tried', situation(live({ status: 'dead' }), [], isRejected), 'replace', 'dead'],
  ['it crashed as soon as it ran', situation(crashed(NOW - 1)), 'failing'],
  ['… a while ago', situation(crashed(NOW - 60_000)), 'start'],
  ["… by a daemon's clock that is ahead", situation(crashed(NOW + 3_600_000)), 'start'],
  ['it is unhealthy for long', situation(live({ health: 'unhealthy', startedAt: NOW - 300_000 })), 'restart'],
  ['… not since long', situation(live({ health: 'unhealthy', startedAt: NOW - 299_999 })), 'failing'],
  ['… and paused', situation(live({ status: 'paused', health: 'unhealthy', startedAt: 1 })), 'start'],
  ['it starts for very long', situation(live({ health: 'starting', startedAt: 1 })), 'failing'],
  [
    'the one that stays was killed',
    situation(live({ status: 'exited', exitCode: 137 }, 'another'), [], isRejected),
    'start',
  ],
  ['the one that stays was paused', situation(live({ status: 'paused' }, 'another'), [], isRejected), 'start'],
  [
    'the one that stays is unhealthy for long',
    situation(live({ health: 'unhealthy', startedAt: 1 }, 'another'), [], isRejected),
    'restart',
  ],
  ['the one that stays is restarted', situation(live({ status: 'restarting' }, 'another'), [], isRejected), 'held'],
  ['the one that stays, by another name, was killed', situation(undefined, [older, old], isRejected), 'start', ''],
  ['it is starting', situation(live({ health: 'starting' })), 'wait'],
  ['it takes too long', situation(live({ health: 'starting', startedAt: NOW - 120_000 })), 'failing'],
  [
    '… and there is one from before',
    situation(live({ health: 'starting', startedAt: NOW - 120_000 }), [older, old]),
    'return',
    'old',
  ],
  ['it is unhealthy', situation(live({ health: 'unhealthy' }), [old]), 'return', 'old'],
  ['it has died', situation(live({ status: 'exited', exitCode: 1 }), [old]), 'return', 'old'],
  ['… before it ever ran there was one', situation(live({ health: 'unhealthy' }), [neverRan]), 'failing'],
  ['it dies again and again', situation(live({ status: 'restarting', restarts: 3 })), 'failing'],
  ['it has died once', situation(live({ status: 'restarting', restarts: 1 })), 'wait'],
  [
    'without a health check it has to stay for a while',
    situation(live({ health: 'none', startedAt: NOW - 9_999 })),
    'wait',
  ],
  ['… and then is taken for healthy', situation(live({ health: 'none', startedAt: NOW - 10_000 })), 'done'],
]
for (const [what, asked, kind, of] of rows)
  test(`${what}: ${kind}`, () => {
    const step = nextStep(asked)
    assert.equal(step.kind, kind)
    if (of !== undefined) assert.equal(detail(step), of)
  })

const checks: ReadonlyArray<[health: LiveContainer['health'], isChecked: boolean]> = [
  ['healthy', true],
  ['none', false],
]
for (const [health, isChecked] of checks)
  test(`health ${health}: ${isChecked ? 'it was asked' : 'nobody asked it'}`, () => {
    const step = nextStep(situation(live({ health })))
    assert.deepEqual(step, { kind: 'done', leftovers: [], isChecked })
  })

function detail(step: NextStep): string {
  if (step.kind === 'replace') return step.why.join(',')
  if (step.kind === 'return') return step.to.id
  if (step.kind === 'start') return step.others.map(({ id }) => id).join(',')
  return step.kind === 'done' ? step.leftovers.map(({ id }) => id).join(',') : ''
}
