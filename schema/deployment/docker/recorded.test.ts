import assert from 'node:assert/strict'
import test from 'node:test'
import { parse } from 'yaml'
import { changedPointers } from '#schema/kernel/json-pointer.ts'
import {
  RECORDED_CASES,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  type RecordedName,
  recordedCompose,
  recordedContainer,
  recordedOutpost,
} from '#test/support/deployment-vectors.ts'
import { imageOf } from '../image.ts'
import { composeManifest } from '../manifest/compose-manifest.ts'
import { desiredContainer } from './desired-container.ts'

/** Where what we make differs from what the reference makes, on purpose. */
const DIFFERENCES: ReadonlyArray<[what: RegExp, pointer: RegExp, why: string]> = [
  [
    /^container /,
    /^\/(Tty|OpenStdin|StdinOnce|AttachStd(in|out|err)|NetworkDisabled)$/,
    'what the server does anyway, and the reference’s client says',
  ],
  [/^container .*-default$/, /^\/HostConfig\/NetworkMode$/, 'without a network of its own it is left to the server'],
  [/^container .*-rich$/, /^\/NetworkingConfig$/, 'HostConfig names the network'],
  [/^container .*-rich$/, /^\/Env\/AUTHENTIK_HOST$/, 'the reference lower-cases the path, which is another one then'],
  [/^container .*-rich$/, /^\/Cmd$/, 'an image of no known type is told its type'],
  [/^container /, /^\/HostConfig\/(ReadonlyRootfs|Tmpfs|CapDrop|SecurityOpt)$/, 'CT-15: least privilege'],
  [/^container /, /^\/HostConfig\/(PidsLimit|Memory|LogConfig)$/, 'the machine is not used up'],
  [/^container /, /^\/Labels\/io.martello.spec-hash$/, 'another one only for what differs (CT-16)'],
  [
    / proxy-(default|rich|http-only)$/,
    /\/traefik.http.routers.*-router.rule$/,
    'one argument per Host, as Traefik 3 takes it; each host once, without its port; all of a host in mode proxy',
  ],
  [/ proxy-rich$/, /\/traefik.enable$/, 'the user’s labels win'],
  [/^compose proxy-empty$/, /\/labels\/traefik[^/]*$/, 'a rule without a host is refused'],
  [/^compose /, /^\/version$/, 'Compose takes no notice of it any more'],
  [/^compose .*-rich$/, /^\/networks$/, 'the reference leaves the network out'],
  [/^compose /, /^\/service\/(network_mode|networks)$/, 'the reference leaves the network out'],
  [/^compose /, /^\/service\/container_name$/, 'the name that a controller would give it, so that one can take over'],
  [/^compose /, /^\/service\/(expose|restart)$/, 'as in the container'],
  [/^compose .*-rich$/, /^\/service\/command$/, 'an image of no known type is told its type'],
  [/^compose /, /^\/service\/environment\/AUTHENTIK_INSECURE$/, 'the reference writes True, and true in a container'],
  [/^compose /, /^\/service\/(read_only|tmpfs|cap_drop|security_opt)$/, 'CT-15: least privilege'],
  [/^compose /, /^\/service\/(pids_limit|mem_limit|logging)$/, 'the machine is not used up'],
]
/** Of these no container was recorded. */
const COMPOSE_ONLY: readonly RecordedName[] = ['proxy-empty', 'proxy-http-only']

const used = new Set<number>()

/** Every difference is one on purpose. */
function compare(what: string, theirs: unknown, ours: unknown): void {
  for (const pointer of changedPointers(theirs, ours)) {
    const row = DIFFERENCES.findIndex(([where, place]) => where.test(what) && place.test(pointer))
    assert.notEqual(row, -1, `${what} ${pointer}`)
    used.add(row)
  }
}

function made(name: RecordedName) {
  const outpost = recordedOutpost(name)
  return desiredContainer(outpost, imageOf(outpost, RECORDED_CONTEXT), RECORDED_SECRETS)
}

/** Variables have no order. */
const withVariables = (body: Record<string, any>) => ({
  ...body,
  Env: Object.fromEntries(
    body['Env'].map((variable: string) => [variable.split('=')[0], variable.slice(variable.indexOf('=') + 1)]),
  ),
})

/** One service, whatever it is called. */
function withService({ services, ...rest }: Record<string, any>) {
  const [service, ...more] = Object.values(services)
  assert.deepEqual(more, [])
  return { ...rest, service }
}

for (const name of RECORDED_CASES.filter((each) => !COMPOSE_ONLY.includes(each)))
  test(`the container of ${name} is the reference's, except for the differences on purpose`, () => {
    const theirs = recordedContainer(name)
    const ours = made(name)
    assert.equal(ours.name, theirs.name)
    compare(`container ${name}`, withVariables(theirs.body), withVariables(ours.body))
  })

for (const name of RECORDED_CASES)
  test(`the Compose file of ${name} is the reference's, except for the differences on purpose`, () => {
    const ours = parse(composeManifest(made(name)))
    compare(`compose ${name}`, withService(recordedCompose(name)), withService(ours))
  })

test('every difference on purpose is one', () => {
  assert.deepEqual(
    DIFFERENCES.filter((_, row) => !used.has(row)).map(([what, pointer]) => `${what} ${pointer}`),
    [],
  )
})
