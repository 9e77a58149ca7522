import assert from 'node:assert/strict'
import test from 'node:test'
import { imageOf, imageProblem, imageVersion, isPinned, needsTypeArgument } from './image.ts'
import type { OutpostType } from './outpost.ts'

const OURS = 'ghcr.io/martello/outpost:%(version)s'
const IMAGES: ReadonlyArray<[own: string | null, template: string, image: string]> = [
  [null, OURS, 'ghcr.io/martello/outpost:2.1'],
  ['', OURS, 'ghcr.io/martello/outpost:2.1'],
  ['  ', OURS, 'ghcr.io/martello/outpost:2.1'],
  [null, 'ghcr.io/goauthentik/%(type)s:%(version)s%(build_hash)s', 'ghcr.io/goauthentik/ldap:2.1'],
  ['registry.example.com/own:1 ', OURS, 'registry.example.com/own:1'],
  [null, 'x:%(nope)s', 'x:%(nope)s'],
]
for (const [own, template, image] of IMAGES) {
  test(`own image ${JSON.stringify(own)} and template ${template} give ${image}`, () =>
    assert.equal(
      imageOf({ type: 'ldap', settings: { container_image: own } }, { version: '2.1', imageTemplate: template }),
      image,
    ))
}

for (const [own, expected] of [
  [null, false],
  ['', false],
  [' ', false],
  ['x:1', true],
] as const)
  test(`an outpost with own image ${JSON.stringify(own)} is ${expected ? '' : 'not '}pinned`, () =>
    assert.equal(isPinned({ settings: { container_image: own } }), expected))

const DIGEST = `sha256:${'0a'.repeat(32)}`
const ARGUMENTS: ReadonlyArray<[image: string, type: OutpostType, isNeeded: boolean]> = [
  ['ghcr.io/martello/outpost:1.0', 'proxy', true],
  ['martello-outpost', 'radius', true],
  ['registry.example.com:5000/outposts/custom:1.2.3', 'ldap', true],
  [`ghcr.io/martello/outpost:1.0@${DIGEST}`, 'ldap', true],
  ['ghcr.io/goauthentik/proxy:2023.8.3', 'proxy', false],
  ['registry.example.com/mirror/goauthentik/anything:1', 'proxy', false],
  ['goauthentik/custom', 'ldap', false],
  [`registry.example.com/ldap@${DIGEST}`, 'ldap', false],
  ['localhost:5000/authentik-radius:latest', 'radius', false],
  ['registry.example.com/goauthentik.example/outpost', 'proxy', true],
]
for (const [image, type, isNeeded] of ARGUMENTS) {
  test(`${image} is ${isNeeded ? '' : 'not '}told that it is ${type}`, () => {
    assert.equal(imageProblem(image), undefined)
    assert.equal(needsTypeArgument(image, type), isNeeded)
  })
}

for (const image of ['', 'Upper/Case', 'a b', 'x:%(nope)s', 'x:', '-x', 'x@sha256:zz', 'x\n', 'https://x/y']) {
  test(`${JSON.stringify(image)} is no image`, () => assert.match(imageProblem(image)!, /is not an image/))
}

const VERSIONS: ReadonlyArray<[image: string, version: string]> = [
  ['ghcr.io/martello/outpost:1.0', '1.0'],
  ['localhost:5000/outpost', 'latest'],
  [`localhost:5000/outpost:2@${DIGEST}`, '2'],
  [`outpost@${DIGEST}`, '0a0a0a0a0a0a'],
]
for (const [image, version] of VERSIONS)
  test(`the version of ${image} is ${version}`, () => assert.equal(imageVersion(image), version))
