import assert from 'node:assert/strict'
import test from 'node:test'
import { type LiveObject, liveObject } from './live-object.ts'
import { ownershipPatch } from './ownership.ts'

const entry = (manager: string, operation: string, fieldsV1: object, more: object = {}) => ({
  manager,
  operation,
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
})
const live = (...managedFields: object[]): LiveObject =>
  liveObject.parse({ metadata: { name: 'a', uid: 'u', resourceVersion: '7', managedFields } })

const REPLICAS = { 'f:spec': { 'f:replicas': {} } }
const IMAGE = { 'f:spec': { 'f:image': {} } }
const BOTH = { 'f:spec': { 'f:replicas': {}, 'f:image': {} } }
const kubectl = entry('kubectl-edit', 'Update', { 'f:metadata': {} })
const status = entry('goauthentik.io', 'Update', { 'f:status': {} }, { subresource: 'status' })

/** In `managedFields`, as the server writes them. */
const portsOf = (...ports: number[]) => ({
  'f:spec': {
    'f:ports': Object.fromEntries(ports.map((port) => [`k:{"port":${port},"protocol":"TCP"}`, { '.': {} }])),
  },
})
const http = (port: number, name = 'http') => ({ name, port })
const served = (ports: object[], ...managedFields: object[]) =>
  liveObject.parse({ ...live(...managedFields), spec: { ports } })
const martello = (...ports: number[]) => entry('martello', 'Apply', portsOf(...ports))
const edited = (...ports: number[]) => entry('kubectl-edit', 'Update', portsOf(...ports))
const WANTED = { spec: { ports: [http(9000), http(9443, 'https')] } }

const vectors: ReadonlyArray<
  [what: string, live: LiveObject, wanted: object, expected: readonly object[] | undefined]
> = [
  ['an object that is only ours', live(entry('martello', 'Apply', BOTH)), { spec: { replicas: 1 } }, undefined],
  ['an object that nobody manages', live(), {}, undefined],
  ['an object of somebody else', live(kubectl), {}, undefined],
  [
    "an object of the predecessor's",
    live(kubectl, entry('goauthentik.io', 'Update', BOTH)),
    { spec: { replicas: 1 } },
    [kubectl, entry('martello', 'Apply', BOTH)],
  ],
  [
    'an object of both',
    live(entry('goauthentik.io', 'Update', REPLICAS), entry('martello', 'Apply', IMAGE), status),
    { spec: { replicas: 1 } },
    [status, entry('martello', 'Apply', BOTH)],
  ],
  [
    'a number of pods that is left to somebody else',
    live(entry('martello', 'Apply', BOTH), entry('martello-replicas', 'Update', REPLICAS)),
    { spec: {} },
    [entry('martello', 'Apply', IMAGE), entry('martello-replicas', 'Update', REPLICAS)],
  ],
  [
    'a port that is in the way of a wanted one',
    served([http(9999), http(9443, 'https'), http(7, 'echo')], edited(7, 9999), martello(9443)),
    WANTED,
    [edited(7), martello(9443, 9999)],
  ],
  [
    'such a port that is all that somebody set',
    served([http(9999), http(9443, 'https')], edited(9999), martello(9443)),
    WANTED,
    [entry('kubectl-edit', 'Update', {}), martello(9443, 9999)],
  ],
  ['such a port of nobody', served([http(9999), http(9443, 'https')], martello(9443)), WANTED, [martello(9443, 9999)]],
  ['such a port that is ours already', served([http(9999)], martello(9443, 9999)), WANTED, undefined],
  ['a port beside the wanted ones', served([http(7, 'echo')], edited(7), martello()), WANTED, undefined],
  ['a port that only has another name', served([http(9443, 'http')], edited(9443), martello()), WANTED, undefined],
]

for (const [what, object, wanted, expected] of vectors)
  test(`the owners of ${what}`, () => {
    const patch = ownershipPatch(object, { ...wanted })
    const [managers, version] = (patch ?? []) as { path: string; value: unknown }[]
    assert.deepEqual(managers?.value, expected)
    if (expected !== undefined) assert.deepEqual(version?.value, '7')
  })
