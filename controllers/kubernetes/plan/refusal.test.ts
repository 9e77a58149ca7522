import assert from 'node:assert/strict'
import test from 'node:test'
import { ClusterRefusedError } from '#controllers/kubernetes/cluster-refused-error.ts'
import { isVerdict, refusedOutcome, replacement, sharesCause } from './refusal.ts'

const ASKED = { verb: 'patch', resource: 'deployments.apps', namespace: 'ns' }
const refused = (status: number, reason: string, details: object = {}, message = 'the server says so') =>
  new ClusterRefusedError(status, { kind: 'Status', reason, message, details }, ASKED)
const fields = (...names: string[]) => ({ causes: names.map((field) => ({ reason: 'FieldValueInvalid', field })) })
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' }

/** How API servers before 1.22 refuse what does not fit the schema. */
const TYPED = 'failed to create typed patch object'
/** How they all refuse what does not fit a type of theirs; so begins, too, what a webhook did not answer. */
const CONVERTED = 'failed to convert new object to proper version'
const UNFIT = `${CONVERTED}: unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match`
const NO_DRY_RUN = 'admission webhook "a.example.com" does not support dry run'

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
  [refused(500, '', {}, UNFIT), 'rejected Invalid'],
  [refused(500, '', {}, `${CONVERTED}: conversion webhook for example.com/v1, Kind=A failed`), 'failed Status500'],
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

const verdicts: ReadonlyArray<[error: ClusterRefusedError, expected: boolean]> = [
  [refused(422, 'Invalid', fields('spec.replicas')), true],
  [refused(400, 'BadRequest'), true],
  [refused(400, 'BadRequest', {}, NO_DRY_RUN), false],
  [refused(500, '', {}, UNFIT), true],
  [refused(500, ''), false],
  [refused(403, 'Forbidden'), false],
  [refused(404, 'NotFound', { kind: 'namespaces' }), false],
  [refused(409, 'Conflict'), false],
]
for (const [error, expected] of verdicts)
  test(`CT-07: ${error.status} ${error.serverMessage} is a verdict on the object: ${expected}`, () =>
    assert.equal(isVerdict(error), expected))

const shared: ReadonlyArray<[one: ClusterRefusedError, other: ClusterRefusedError, expected: boolean]> = [
  [refused(422, 'Invalid', fields('a', 'b')), refused(422, 'Invalid', fields('b', 'c')), true],
  [refused(422, 'Invalid', fields('a[0].b')), refused(422, 'Invalid', fields('a[12].b')), true],
  [refused(422, 'Invalid', fields('a')), refused(422, 'Invalid', fields('b')), false],
  [refused(422, 'Invalid', fields('a')), refused(500, '', {}, UNFIT), false],
  [refused(500, '', {}, UNFIT), refused(500, '', {}, UNFIT), true],
]
for (const [one, other, expected] of shared)
  test(`CT-07: ${one.fields} of ${one.status} is among ${other.fields} of ${other.status}: ${expected}`, () =>
    assert.equal(sharesCause(one, other), expected))

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
