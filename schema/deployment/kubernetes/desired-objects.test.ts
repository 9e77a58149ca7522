import assert from 'node:assert/strict'
import test from 'node:test'
import { exampleOutpost, RECORDED_CONTEXT, RECORDED_SECRETS } from '#test/support/deployment-vectors.ts'
import type { DeployableOutpost, DeploymentContext } from '../outpost.ts'
import type { DeploymentSettings } from '../settings.ts'
import { desiredObjects } from './desired-objects.ts'

type Settings = Partial<DeploymentSettings>
/** The objects of a component, as plain JSON. */
const made = (outpost: DeployableOutpost, component: string, context: DeploymentContext = RECORDED_CONTEXT) =>
  desiredObjects(outpost, context, RECORDED_SECRETS)
    .filter((each) => each.component === component)
    .map(({ object }) => object as Record<string, any>)
const components = (settings: Settings, more: Partial<DeployableOutpost> = {}) => [
  ...new Set(
    desiredObjects({ ...exampleOutpost(settings), ...more }, RECORDED_CONTEXT, RECORDED_SECRETS).map(
      ({ component }) => component,
    ),
  ),
]

const BASE = ['secret', 'deployment', 'service', 'metrics service', 'prometheus servicemonitor']
const PROXY = [...BASE, 'ingress', 'traefik middleware']
const ref = { name: 'edge' }
const WANTED: ReadonlyArray<[what: string, settings: Settings, more: Partial<DeployableOutpost>, expected: string[]]> =
  [
    ['a proxy', {}, {}, PROXY],
    ['LDAP', {}, { type: 'ldap' }, BASE],
    ['RADIUS', {}, { type: 'radius' }, BASE],
    ['a proxy without providers', {}, { providers: [] }, BASE],
    ['a proxy without forward mode', {}, { providers: exampleOutpost().providers.slice(0, 1) }, [...BASE, 'ingress']],
    ['two replicas', { kubernetes_replicas: 2 }, {}, [...PROXY, 'pod disruption budget']],
    ['no replicas', { kubernetes_replicas: 0 }, {}, PROXY],
    ['somebody else’s replicas', { kubernetes_replicas: null }, {}, [...PROXY, 'pod disruption budget']],
    [
      'up to three',
      { kubernetes_replicas_max: 3 },
      {},
      [...PROXY, 'pod disruption budget', 'horizontal pod autoscaler'],
    ],
    ['up to one', { kubernetes_replicas_max: 1 }, {}, [...PROXY, 'horizontal pod autoscaler']],
    ['a network policy', { kubernetes_network_policy: true }, {}, [...PROXY, 'network policy']],
    [
      'a gateway',
      { kubernetes_httproute_parent_refs: [ref] },
      {},
      [...BASE, 'ingress', 'httproute', 'traefik middleware'],
    ],
    ['a gateway for LDAP', { kubernetes_httproute_parent_refs: [ref] }, { type: 'ldap' }, BASE],
    ['a gateway without name', { kubernetes_httproute_parent_refs: [{ port: 1 }] }, {}, PROXY],
    [
      'disabled components',
      { kubernetes_disabled_components: ['ingress', 'metrics service', 'Secret'] },
      {},
      PROXY.filter((each) => each !== 'ingress' && each !== 'metrics service'),
    ],
  ]
for (const [what, settings, more, expected] of WANTED)
  test(`components: ${what}`, () => assert.deepEqual(components(settings, more), expected))

test('only kinds of other projects may be unknown to the cluster', () => {
  const outpost = exampleOutpost({ kubernetes_httproute_parent_refs: [ref], kubernetes_replicas_max: 3 })
  for (const { object, isOptionalKind } of desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS))
    assert.equal(isOptionalKind, ['ServiceMonitor', 'HTTPRoute', 'Middleware'].includes(object.kind), object.kind)
})

const PORTS: ReadonlyArray<[type: DeployableOutpost['type'], service: string[], container: string[]]> = [
  [
    'proxy',
    ['http 9000 TCP 9000', 'https 9443 TCP 9443'],
    ['http 9000 TCP', 'http-metrics 9300 TCP', 'https 9443 TCP'],
  ],
  ['ldap', ['ldap 389 TCP 3389', 'ldaps 636 TCP 6636'], ['ldap 3389 TCP', 'ldaps 6636 TCP', 'http-metrics 9300 TCP']],
  ['radius', ['radius 1812 UDP 1812'], ['radius 1812 UDP', 'http-metrics 9300 TCP']],
]
for (const [type, service, container] of PORTS) {
  test(`ports of ${type}, and metrics beside them`, () => {
    const outpost = { ...exampleOutpost({ kubernetes_service_type: 'LoadBalancer' }), type }
    const shown = (component: string) =>
      made(outpost, component)[0]!['spec'].ports.map((each: Record<string, any>) => Object.values(each).join(' '))
    assert.deepEqual(shown('service'), service)
    assert.deepEqual(shown('metrics service'), ['http-metrics 9300 TCP 9300'])
    assert.equal(made(outpost, 'metrics service')[0]!['spec'].type, 'ClusterIP')
    const [{ ports }] = made(outpost, 'deployment')[0]!['spec'].template.spec.containers
    assert.deepEqual(
      ports.map((each: Record<string, any>) => `${each['name']} ${each['containerPort']} ${each['protocol']}`),
      container,
    )
  })
}

test('CT-03: every selector selects the pods of its outpost, and none of another', () => {
  const outpost = exampleOutpost({ kubernetes_network_policy: true, kubernetes_replicas: 2 })
  const other = { ...outpost, pk: '11111111-2222-3333-4444-00000000000b' }
  const podsOf = (each: DeployableOutpost) => made(each, 'deployment')[0]!['spec'].template.metadata.labels
  const selectors = [
    made(outpost, 'deployment')[0]!['spec'].selector.matchLabels,
    made(outpost, 'service')[0]!['spec'].selector,
    made(outpost, 'metrics service')[0]!['spec'].selector,
    made(outpost, 'network policy')[0]!['spec'].podSelector.matchLabels,
    made(outpost, 'pod disruption budget')[0]!['spec'].selector.matchLabels,
  ]
  const selects = (selector: object, labels: Record<string, string>) =>
    Object.entries(selector).every(([key, value]) => labels[key] === value)
  for (const selector of selectors) {
    assert.equal(selects(selector, podsOf(outpost)), true)
    assert.equal(selects(selector, podsOf(other)), false)
  }
  const monitored = made(outpost, 'prometheus servicemonitor')[0]!['spec'].selector.matchLabels
  assert.equal(selects(monitored, made(outpost, 'metrics service')[0]!['metadata'].labels), true)
  assert.equal(selects(monitored, made(outpost, 'service')[0]!['metadata'].labels), false)
})

test('CT-04: a new name of the outpost changes no selector of a Service', () => {
  const outpost = exampleOutpost({ object_naming_template: 'x-%(uuid)s' })
  assert.deepEqual(made({ ...outpost, name: 'other' }, 'service')[0]!['spec'], made(outpost, 'service')[0]!['spec'])
})

test('CT-04, CT-15: pods are replaced one by one, spread out, and have no credentials of the cluster', () => {
  const outpost = exampleOutpost()
  const { strategy, template } = made(outpost, 'deployment')[0]!['spec']
  assert.deepEqual(strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
  assert.equal(template.spec.automountServiceAccountToken, false)
  const labelSelector = { matchLabels: made(outpost, 'service')[0]!['spec'].selector }
  const softly = { maxSkew: 1, whenUnsatisfiable: 'ScheduleAnyway', labelSelector }
  assert.deepEqual(template.spec.topologySpreadConstraints, [
    { ...softly, topologyKey: 'kubernetes.io/hostname' },
    { ...softly, topologyKey: 'topology.kubernetes.io/zone' },
  ])
})

const template = (outpost: DeployableOutpost, token = 'a', version = '1', image?: string) => {
  const context = { ...RECORDED_CONTEXT, version }
  const [deployment] = desiredObjects(outpost, context, { token }, image).filter(
    (each) => each.component === 'deployment',
  )
  return JSON.stringify((deployment!.object as Record<string, any>)['spec'].template)
}
const ROLLOUTS: ReadonlyArray<[what: string, after: string, isNew: boolean]> = [
  ['nothing', template(exampleOutpost()), false],
  ['the token', template(exampleOutpost(), 'b'), true],
  ['the host', template(exampleOutpost({ authentik_host: 'https://b.example.com' })), true],
  ['the image', template(exampleOutpost(), 'a', '1', 'x:2'), true],
  ['an ingress annotation', template(exampleOutpost({ kubernetes_ingress_annotations: { a: 'b' } })), false],
]
for (const [what, after, isNew] of ROLLOUTS)
  test(`a change of ${what} makes ${isNew ? 'new pods' : 'no new pods'}`, () =>
    assert.equal(after !== template(exampleOutpost()), isNew))

test('CT-17: a new core makes no new pods while the image stays', () => {
  assert.equal(template(exampleOutpost(), 'a', '2', 'x:1'), template(exampleOutpost(), 'a', '1', 'x:1'))
})

test('CT-12: the token is in the Secret only', () => {
  for (const { component, object } of desiredObjects(exampleOutpost(), RECORDED_CONTEXT, { token: 's3cret' })) {
    const text = JSON.stringify(object)
    assert.equal(text.includes(btoa('s3cret')), component === 'secret')
    assert.equal(text.includes('s3cret'), false)
  }
})
