import assert from 'node:assert/strict'
import test from 'node:test'
import { IDENTITY_HEADERS } from '#schema/api/header-names.ts'
import {
  exampleOutpost,
  exampleProvider,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
} from '#test/support/deployment-vectors.ts'
import { spellings } from '#test/support/header-spellings.ts'
import type { DeployableOutpost } from '../outpost.ts'
import type { DeploymentSettings } from '../settings.ts'
import { desiredObjects } from './desired-objects.ts'
import { leftOut } from './left-out.ts'

type Settings = Partial<DeploymentSettings>
/** The objects of a component, as plain JSON. */
const made = (outpost: DeployableOutpost, component: string) =>
  desiredObjects(outpost, RECORDED_CONTEXT, RECORDED_SECRETS)
    .filter((each) => each.component === component)
    .map(({ object }) => object as Record<string, any>)
const ref = { name: 'edge' }

test('CT-13: a provider whose host cannot be a name is left out, and said to be', () => {
  const bad = [
    'https://a`b.example.com',
    'https://a"b.example.com',
    'https://[::1]/',
    'https://10.0.0.1',
    'https://a_b.c',
    'https://*.c',
  ]
  const providers = [...bad, 'https://ok.example.com/`"\n'].map((host) => exampleProvider(host, 'forward_single', host))
  const outpost = { ...exampleOutpost({ kubernetes_httproute_parent_refs: [ref] }), providers }
  const [object] = made(outpost, 'ingress')
  assert.deepEqual(
    object!['spec'].rules.map(({ host }: { host: string }) => host),
    ['ok.example.com'],
  )
  assert.deepEqual(
    made(outpost, 'httproute').map(({ spec }) => spec.hostnames),
    [['ok.example.com']],
  )
  const problems = leftOut(outpost)
  assert.deepEqual(
    problems.map(({ component }) => component),
    ['ingress', 'httproute'],
  )
  for (const host of bad) assert.ok(problems[0]!.message.includes(JSON.stringify(host)), host)
  assert.deepEqual(leftOut(exampleOutpost()), [])
})

const CLASSES: ReadonlyArray<[settings: Settings, spec: object]> = [
  [{}, { tls: [{ hosts: ['app.example.com', 'whoami.example.com'], secretName: 'authentik-outpost-tls' }] }],
  [{ kubernetes_ingress_secret_name: '' }, {}],
  [{ kubernetes_ingress_secret_name: '', kubernetes_ingress_class_name: '' }, {}],
  [{ kubernetes_ingress_secret_name: '', kubernetes_ingress_class_name: 'nginx' }, { ingressClassName: 'nginx' }],
]
for (const [settings, expected] of CLASSES) {
  test(`an Ingress with ${JSON.stringify(settings)}`, () => {
    const { rules, ...spec } = made(exampleOutpost(settings), 'ingress')[0]!['spec']
    assert.deepEqual(spec, expected)
    assert.equal(rules.length, 2)
  })
}

test('path type and annotations of an Ingress are the user’s', () => {
  const [object] = made(
    exampleOutpost({
      kubernetes_ingress_path_type: 'ImplementationSpecific',
      kubernetes_ingress_annotations: { 'nginx.ingress.kubernetes.io/affinity': 'none', mine: 'yes' },
    }),
    'ingress',
  )
  assert.equal(object!['spec'].rules[0].http.paths[0].pathType, 'ImplementationSpecific')
  assert.partialDeepStrictEqual(object!['metadata'].annotations, {
    'nginx.ingress.kubernetes.io/affinity': 'none',
    mine: 'yes',
    'traefik.ingress.kubernetes.io/affinity': 'true',
  })
})

test('one HTTPRoute per host, without a match on the Host header, with texts as ports', () => {
  const outpost = exampleOutpost({ kubernetes_httproute_parent_refs: [{ name: 'edge', namespace: 'gw', port: '443' }] })
  const routes = made({ ...outpost, providers: [...outpost.providers, ...outpost.providers] }, 'httproute')
  assert.equal(new Set(routes.map(({ metadata }) => metadata.name)).size, 2)
  assert.deepEqual(routes[1]!['spec'], {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'gw', name: 'edge', port: 443 }],
    hostnames: ['whoami.example.com'],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/outpost.goauthentik.io' } }],
        backendRefs: [{ name: 'ak-outpost-obj-patches', port: 9000 }],
      },
    ],
  })
})

test('a Middleware in both groups of Traefik', () => {
  const middlewares = made(exampleOutpost({ kubernetes_namespace: 'edge' }), 'traefik middleware')
  assert.deepEqual(
    middlewares.map(({ apiVersion }) => apiVersion),
    ['traefik.io/v1alpha1', 'traefik.containo.us/v1alpha1'],
  )
  for (const { spec } of middlewares)
    assert.equal(
      spec.forwardAuth.address,
      'http://ak-outpost-obj-patches.edge:9000/outpost.goauthentik.io/auth/traefik',
    )
})

/** Whether Traefik takes a header from clients: names are compared in one case, and the expression is RE2's. */
function takes(middleware: Record<string, any>, name: string): boolean {
  const { authResponseHeaders: names, authResponseHeadersRegex: pattern } = middleware['spec'].forwardAuth
  const isNamed = names.some((each: string) => each.toLowerCase() === name.toLowerCase())
  return isNamed || (pattern !== '' && new RegExp(pattern.replace('(?i)', ''), 'i').test(name))
}
const forwarding = {
  ...exampleOutpost(),
  providers: [
    exampleProvider('a', 'forward_single', 'https://a.example.com', ['X-Remote-User', 'X-Tenant']),
    exampleProvider('b', 'forward_domain', 'https://b.example.com', ['Remote.Groups', 'X-Tenant', "x-$'|+"]),
    exampleProvider('c', 'proxy', 'https://c.example.com', ['X-Elsewhere']),
  ],
}
const ADDITIONAL = ['X-Remote-User', 'X-Tenant', 'Remote.Groups', "x-$'|+"]

test('PX-05: Traefik takes every spelling of what tells who is there from clients, and nothing else', () => {
  for (const middleware of made(forwarding, 'traefik middleware')) {
    for (const name of [...IDENTITY_HEADERS, ...ADDITIONAL])
      for (const each of [...spellings(name), name.replaceAll(/[-.]/g, '')])
        assert.ok(takes(middleware, each), `${each} passes`)
    for (const name of ['Authorization', 'x_authentik_anything']) assert.ok(takes(middleware, name), `${name} passes`)
    for (const name of ['Accept', 'Cookie', 'X-Forwarded-For', 'X-Elsewhere', 'X-Remote-User-Agent', 'My-X-Tenant'])
      assert.ok(!takes(middleware, name), `${name} is taken`)
  }
})

test('a name that several providers have is in a Middleware once', () => {
  const [{ spec }] = made(forwarding, 'traefik middleware') as [Record<string, any>]
  assert.deepEqual(spec.forwardAuth.authResponseHeaders, [...IDENTITY_HEADERS, 'Authorization', ...ADDITIONAL])
})
