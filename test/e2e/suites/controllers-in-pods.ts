// Controllers of our image in pods, as the manifest prints them: they take turns, and try new images in waves.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ROLLOUT_LIMITS } from '#controllers/waves/rollout.ts'
import { CONTROLLER_TOKEN, startCore, type TestCore } from '#test/support/core.ts'
import type { KubernetesWithNode } from '#test/support/engines/kubernetes-node.ts'
import { databaseFolder, freePort, temporaryFolder, until } from '#test/support/engines/process.ts'
import { connectCluster, deployed, makeOutpost, recordOf } from '#test/support/kubernetes-fleet.ts'
import { martello } from '#test/support/martello.ts'
import { startTestController } from '#test/support/test-controller.ts'
import { importTinyImage } from '#test/support/tiny-image.ts'

const NAMESPACE = 'martello-controllers'
const NAME = 'martello-controller'
const FAIL_OVER_MS = 30_000

export async function controllersInPods(t: TestContext, node: KubernetesWithNode, images: Images): Promise<void> {
  await node.cluster.kubectl('create', 'namespace', NAMESPACE)
  await t.test('CT-11: of two controllers one works, and the other goes on when it is killed', () =>
    takingTurns(node, images),
  )
  await t.test('CT-17: a new image is tried by one outpost before the others', () => waves(node, images.outpost))
}

interface Images {
  readonly core: string
  readonly outpost: string
}

async function takingTurns({ cluster, docker, address }: KubernetesWithNode, images: Images) {
  await using core = await startCore({ controller: true, host: address })
  const inNamespace = `--namespace=${NAMESPACE}`
  await cluster.kubectl('create', 'secret', 'generic', NAME, inNamespace, `--from-literal=token=${CONTROLLER_TOKEN}`)
  const asked = [inNamespace, '--host', core.url, '--image', images.core]
  const { stdout: manifest } = martello(['manifests', 'controller', ...asked])
  using folder = temporaryFolder('controller-manifest')
  const file = join(folder.path, 'controller.yaml')
  writeFileSync(file, manifest)
  await cluster.kubectl('apply', '--warnings-as-errors', '-f', file)
  await cluster.kubectl('rollout', 'status', inNamespace, `deployment/${NAME}`, '--timeout=90s')
  const connection = await connectCluster(core, undefined)
  const make = (name: string) =>
    makeOutpost(core, {
      name,
      type: 'ldap',
      connection,
      config: { container_image: images.outpost, kubernetes_namespace: NAMESPACE },
    })
  const first = await make('first')
  await deployed(core, first)

  const lease = async () => {
    const { body } = await cluster.call('admin', `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${NAME}`)
    return body.spec as { holderIdentity: string; leaseTransitions: number }
  }
  const before = await lease()
  const containers = ['--quiet', '--filter', 'label=io.kubernetes.container.name=controller']
  const running = (await docker.docker('ps', ...containers)).split('\n')
  assert.equal(running.length, 2)
  const names = await Promise.all(
    running.map((id) => docker.docker('inspect', '--format', '{{.Config.Hostname}} {{.Id}}', id)),
  )
  const [, id = ''] = names.map((line) => line.split(' ')).find(([host]) => before.holderIdentity.startsWith(host!))!
  await docker.docker('kill', '--signal=KILL', id)
  const second = await make('second')
  await until('another one to lead', async () => (await lease()).holderIdentity !== before.holderIdentity, {
    withinMs: FAIL_OVER_MS,
  })
  assert.equal((await lease()).leaseTransitions, before.leaseTransitions + 1)
  await deployed(core, second)
  for (const outpost of [first, second]) await core.api('DELETE', `/outposts/instances/${outpost}/`)
  for (const outpost of [first, second])
    await until('its record to go', async () => (await recordOf(core, outpost)) === undefined, { withinMs: 60_000 })
  await cluster.kubectl('delete', '--wait=false', '-f', file)
}

async function waves({ cluster, docker, address }: KubernetesWithNode, image: string): Promise<void> {
  const [bad, next] = ['martello-outpost:never-ready', 'martello-outpost:next']
  await importTinyImage(docker, bad, { command: 'exec sleep 2147483647' })
  await docker.docker('tag', image, next)
  using data = databaseFolder('core-of-waves')
  const httpPort = await freePort()
  const startWith = (wanted: string) =>
    startCore({ controller: true, host: address, httpPort, dataDir: data.path, imageBase: wanted })
  let core: TestCore = await startWith(image)
  let passed = 0
  const clock = { now: () => Date.now() + passed }
  const upgrade = async (wanted: string) => {
    await core[Symbol.asyncDispose]()
    core = await startWith(wanted)
  }
  try {
    await using _ = startTestController(core, { kinds: ['kubernetes'], clock })
    const connection = await connectCluster(core, JSON.parse(cluster.kubeconfig()))
    const config = { kubernetes_namespace: NAMESPACE }
    const make = (name: string) => makeOutpost(core, { name, type: 'ldap', connection, config })
    const [canary, other] = [await make('wave a'), await make('wave b')]
    for (const outpost of [canary, other]) await deployed(core, outpost)
    const imageOf = async (outpost: string) => {
      const selector = `--selector=goauthentik.io/outpost-uuid=${outpost.replaceAll('-', '')}`
      const path = '--output=jsonpath={.items[*].spec.template.spec.containers[*].image}'
      return cluster.kubectl('get', 'deployments,replicasets', `--namespace=${NAMESPACE}`, selector, path)
    }
    const untouched = await imageOf(other)
    const record = (outpost: string) => recordOf(core, outpost)

    await upgrade(bad)
    await until('the canary to try it', async () => (await record(canary))?.image === bad, { withinMs: 60_000 })
    await until('its pod', async () => (await imageOf(canary)).split(' ').filter((each) => each === bad).length === 2)
    passed += ROLLOUT_LIMITS.deadlineMs
    await until('the way back', async () => (await record(canary)).rejected_image === bad, { withinMs: 60_000 })
    await deployed(core, canary)
    assert.equal((await record(canary)).image, image)
    passed += ROLLOUT_LIMITS.gateMs
    await deployed(core, canary)
    assert.equal(await imageOf(other), untouched, 'the other one never had it')
    assert.equal((await record(other)).image, image)

    await upgrade(next)
    await until('the canary to try it', async () => (await record(canary))?.image === next, { withinMs: 60_000 })
    await deployed(core, canary)
    assert.equal((await record(other)).image, image, 'it has not proved itself yet')
    passed += ROLLOUT_LIMITS.gateMs
    await until('the other one to follow', async () => (await record(other)).image === next, { withinMs: 60_000 })
    await deployed(core, other)
    assert.equal((await record(canary)).rejected_image, '')
  } finally {
    await core[Symbol.asyncDispose]()
  }
}
