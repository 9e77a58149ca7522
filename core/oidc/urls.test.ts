import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openIdConnectConfiguration } from '#schema/api/outpost-providers.ts'
import { openIdConfiguration, providerUrls, proxyRedirectUris } from './urls.ts'

test('addresses keep the base, its port and its path', () => {
  assert.equal(providerUrls('https://sso.example.com', 'app').issuer, 'https://sso.example.com/application/o/app/')
  assert.equal(providerUrls('http://h:9000/', 'app').token, 'http://h:9000/application/o/token/')
  assert.equal(providerUrls('https://h/auth/', 'app').jwks, 'https://h/auth/application/o/app/jwks/')
  assert.equal(providerUrls('https://h', 'app', 'global').issuer, 'https://h/')
})

test('an outpost is given exactly the members of the contract', () => {
  const given = openIdConfiguration('https://sso.example.com', 'app', 'HS256')
  assert.deepEqual(openIdConnectConfiguration.strict().parse(given), given)
  assert.deepEqual(given.id_token_signing_alg_values_supported, ['HS256'])
})

const HOSTS: ReadonlyArray<[externalHost: string, first: string, second: string]> = [
  [
    'https://app.example.com',
    'https://app.example.com/outpost.goauthentik.io/callback?X-authentik-auth-callback=true',
    'https://app.example.com?X-authentik-auth-callback=true',
  ],
  [
    'https://h:8443/sub/',
    'https://h:8443/sub/outpost.goauthentik.io/callback?X-authentik-auth-callback=true',
    'https://h:8443/sub?X-authentik-auth-callback=true',
  ],
]
for (const [host, ...uris] of HOSTS) test(`callbacks of ${host}`, () => assert.deepEqual(proxyRedirectUris(host), uris))
