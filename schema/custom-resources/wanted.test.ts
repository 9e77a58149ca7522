import assert from 'node:assert/strict'
import test from 'node:test'
import { CUSTOM_KINDS, type KindName } from './kinds.ts'
import { type Lookup, wantedOf } from './wanted.ts'

const KEYS: Readonly<Record<string, unknown>> = {
  'flow consent': 'f-1',
  'certificate web': 'c-1',
  'group staff': 'g-1',
  'property mapping email': 'm-2',
  'property mapping openid': 'm-1',
  'service connection here': 's-1',
  'ProxyProvider wiki': 7,
  'ProxyProvider docs': 5,
}
const lookup: Lookup = {
  named: ({ noun }, name) => KEYS[`${noun} ${name}`],
  resource: ({ kind, name }) => KEYS[`${kind} ${name}`],
}
const of = (kind: KindName, spec: object) =>
  wantedOf(
    CUSTOM_KINDS.find((each) => each.kind === kind)!,
    { name: 'x', namespace: 'apps', spec: { ...spec } },
    lookup,
  )

const understood: ReadonlyArray<[kind: KindName, spec: object, values: object, groups?: string[]]> = [
  ['ProxyProvider', { authorizationFlow: 'consent' }, { name: 'x', authorization_flow: 'f-1' }],
  ['ProxyProvider', { name: 'y', certificate: 'web' }, { name: 'y', certificate: 'c-1' }],
  [
    'ProxyProvider',
    { propertyMappings: ['email', 'openid', 'email'] },
    { name: 'x', property_mappings: ['m-1', 'm-2'] },
  ],
  ['LdapProvider', { mfaSupport: false, searchGroup: 'staff' }, { name: 'x', mfa_support: false, search_group: 'g-1' }],
  ['LdapProvider', { baseDn: null }, { name: 'x' }],
  [
    'Application',
    { provider: { kind: 'ProxyProvider', name: 'wiki' }, access: { groups: ['staff'] } },
    { name: 'x', slug: 'x', provider: 7 },
    ['g-1'],
  ],
  ['Application', { slug: 'other', access: { everyone: true } }, { name: 'x', slug: 'other' }],
  [
    'Outpost',
    {
      type: 'proxy',
      providers: [
        { kind: 'ProxyProvider', name: 'wiki' },
        { kind: 'ProxyProvider', name: 'docs' },
      ],
      serviceConnection: 'here',
    },
    {
      name: 'x',
      type: 'proxy',
      providers: [5, 7],
      service_connection: 's-1',
      config: { kubernetes_namespace: 'apps' },
    },
  ],
  [
    'Outpost',
    { type: 'ldap', config: { kubernetes_namespace: 'apps', log_level: 'debug' } },
    { name: 'x', type: 'ldap', config: { kubernetes_namespace: 'apps', log_level: 'debug' } },
  ],
]
for (const [kind, spec, values, groups] of understood)
  test(`${kind} ${JSON.stringify(spec)}`, () => assert.deepEqual(of(kind, spec), { values, secrets: [], groups }))

for (const kubernetes_namespace of ['kube-system', '', null, 7])
  test(`CT-14: an outpost in ${JSON.stringify(kubernetes_namespace)} is not for a custom resource of another namespace`, () =>
    assert.deepEqual(of('Outpost', { type: 'ldap', config: { kubernetes_namespace } }), {
      forbidden: 'config.kubernetes_namespace can only be "apps", the namespace of the custom resource',
    }))

const missing: ReadonlyArray<[kind: KindName, spec: object, problems: string[]]> = [
  ['ProxyProvider', { authorizationFlow: 'nope' }, ['the flow "nope" is not there']],
  ['Application', { access: { groups: ['staff', 'nope'] } }, ['the group "nope" is not there']],
  [
    'Application',
    { provider: { kind: 'LdapProvider', name: 'wiki' } },
    ['what LdapProvider "wiki" makes is not there'],
  ],
  [
    'Outpost',
    { type: 'proxy', providers: [{ kind: 'ProxyProvider', name: 'a' }], serviceConnection: 'there' },
    ['what ProxyProvider "a" makes is not there', 'the service connection "there" is not there'],
  ],
]
for (const [kind, spec, problems] of missing)
  test(`${kind} ${JSON.stringify(spec)}: ${problems.join('; ')}`, () =>
    assert.deepEqual(of(kind, spec), { missing: problems }))

test('a secret is named, never held', () => {
  const sharedSecretRef = { name: 'radius', key: 'secret' }
  assert.deepEqual(of('RadiusProvider', { sharedSecretRef }), {
    values: { name: 'x' },
    secrets: [{ field: 'shared_secret', ...sharedSecretRef }],
    groups: undefined,
  })
})
