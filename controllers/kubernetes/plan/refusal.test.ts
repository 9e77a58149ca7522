import assert from 'node:assert/strict'
import test from 'node:test'
import { ClusterRefusedError } from '#controllers/kubernetes/cluster-refused-error.ts'
import { refusedOutcome, replacement } from './refusal.ts'

const ASKED = { verb: 'patch', resource: 'deployments.apps', namespace: 'ns' }
const refused = (status: number, reason: string, details: object = {}, message = 'the server says so') =>
  new ClusterRefusedError(status, { kind: 'Status', reason, message, details }, ASKED)
const fields = (...names: string[]) => ({ causes: names.map((field) => ({ reason: 'FieldValueInvalid', field })) })
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }

/** How API servers before 1.22 refuse what does not fit the schema. */
const TYPED = 'failed to create typed patch object'

const outcomes: ReadonlyArray<[error: ClusterRefusedError, expected: string]> = [
  [refused(400, 'BadRequest'), 'rejected BadRequest'],
  [refused(403, 'Forbidden'), 'failed Forbidden'],
  [refused(403, 'Forbidden', { causes: [{ reason: 'NamespaceTerminating' }] }), 'failed NamespaceTerminating'],
  [refused(404, 'NotFound', { kind: 'namespaces', name: 'ns' }), 'failed NamespaceNotFound'],
  [refused(404, 'NotFound'), 'skipped KindNotServed'],
  [refused(409, 'Conflict'), 'failed Conflict'],
  [refused(422, 'Invalid', fields('spec.replicas')), 'rejected Invalid'],
  [refused(422, 'Invalid', fields('metadata.uid')), 'failed Invalid'],
  [refused(429, 'TooManyRequests'), 'failed TooManyRequests'],
  [refused(500, ''), 'failed Status500'],
  [refused(500, '', {}, `${TYPED}: .spec.nosuch: field not declared in schema`), 'rejected UnknownField'],
  [refused(500, '', {}, `${TYPED}: .spec.replicas: expected numeric, got string`), 'rejected Invalid'],
]
for (const [error, expected] of outcomes)
  test(`CT-05 CT-22: ${error.status} is ${expected}`, () => {
    const { condition, reason } = refusedOutcome(error, DEPLOYMENT)
    assert.equal(`${condition} ${reason}`, expected)
  })

test('CT-05: a refusal names the verb, the resource, the namespace, and what the server says', () =>
  assert.equal(
    refusedOutcome(refused(403, 'Forbidden'), DEPLOYMENT).message,
    'patch deployments.apps in namespace ns: the cluster answered 403 Forbidden: the server says so',
  ))

test('CT-12: of a Secret only the fields are named', () => {
  const error = refused(422, 'Invalid', fields('data'), 'data: Invalid value: "hunter2"')
  const { message } = refusedOutcome(error, { apiVersion: 'v1', kind: 'Secret' })
  assert.match(message, /for data$/)
  assert.doesNotMatch(message, /hunter2/)
})

const SECRET = { apiVersion: 'v1', kind: 'Secret' }
const SERVICE = { apiVersion: 'v1', kind: 'Service' }
const replacements: ReadonlyArray<[of: typeof SECRET, error: ClusterRefusedError, owned: string | undefined]> = [
  [DEPLOYMENT, refused(422, 'Invalid', fields('spec.selector')), 'Orphan'],
  [DEPLOYMENT, refused(422, 'Invalid', fields('spec.selector', 'spec.template.metadata.labels')), undefined],
  [DEPLOYMENT, refused(422, 'Invalid'), undefined],
  [DEPLOYMENT, refused(403, 'Forbidden', fields('spec.selector')), undefined],
  [SECRET, refused(422, 'Invalid', fields('type')), 'Background'],
  [SECRET, refused(422, 'Invalid', fields('data[a b]')), undefined],
  [SERVICE, refused(422, 'Invalid', fields('spec.clusterIP')), undefined],
  [{ apiVersion: 'example.com/v1', kind: 'Deployment' }, refused(422, 'Invalid', fields('spec.selector')), undefined],
]
for (const [of, error, owned] of replacements)
  test(`CT-02: a ${of.kind} of ${of.apiVersion} refused with ${error.status} for ${error.fields} is replaced: ${owned}`, () =>
    assert.equal(replacement(error, of), owned))
