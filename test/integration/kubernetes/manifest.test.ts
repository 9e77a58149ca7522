import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { desiredObjects } from '#schema/deployment/kubernetes/desired-objects.ts'
import { kubernetesManifest } from '#schema/deployment/manifest/kubernetes-manifest.ts'
import type { DeployableOutpost } from '#schema/deployment/outpost.ts'
import { patchObjects } from '#schema/deployment/patch/patch-objects.ts'
import { ADMIN_TOKEN, startCore } from '#test/support/core.ts'
import {
  exampleOutpost,
  RECORDED_CASES,
  RECORDED_CONTEXT,
  RECORDED_SECRETS,
  recordedOutpost,
} from '#test/support/deployment-vectors.ts'
import { hasKubernetes, type Kubernetes } from '#test/support/engines/kubernetes.ts'
import { installCrds } from '#test/support/engines/kubernetes-crds.ts'
import { borrowKubernetes } from '#test/support/engines/kubernetes-shared.ts'
import { temporaryFolder, until } from '#test/support/engines/process.ts'
import { run } from '#test/support/engines/tools.ts'
import { martello } from '#test/support/martello.ts'

const COMMAND = join(import.meta.dirname, '..', '..', '..', 'controllers', 'commands', 'martello.mjs')
const everything = exampleOutpost({
  kubernetes_httproute_parent_refs: [{ name: 'edge', port: '443' }],
  kubernetes_network_policy: true,
  kubernetes_replicas_max: 3,
})

/** Newer than the server that is tested with: it knows no `loadBalancerClass` yet. */
const TOO_NEW = 'service'

function manifestOf(outpost: DeployableOutpost, versions: ReadonlySet<string>): string {
  const serves = (apiVersion: string) => versions.has(apiVersion)
  const { services: _, [TOO_NEW]: __, ...patches } = outpost.settings.kubernetes_json_patches ?? {}
  const desired = desiredObjects(outpost, { ...RECORDED_CONTEXT, serves }, RECORDED_SECRETS)
  const { objects, rejected } = patchObjects(desired, patches)
  assert.deepEqual(rejected, [])
  return kubernetesManifest(objects, serves)
}

async function versionsOf({ kubectl }: Kubernetes, outpost: DeployableOutpost): Promise<string> {
  const kinds = 'secrets,deployments,services,ingresses,networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,'
  const foreign = 'servicemonitors,httproutes,middlewares.traefik.io,middlewares.traefik.containo.us'
  const owner = `--selector=goauthentik.io/outpost-uuid=${outpost.pk.replaceAll('-', '')}`
  const columns = '--output=custom-columns=K:.kind,N:.metadata.name,V:.metadata.resourceVersion'
  return kubectl('get', kinds + foreign, '--all-namespaces', owner, columns, '--no-headers')
}

test('what is made by the manifest is taken by an API server, and applying it again changes nothing', async (t) => {
  if (!(await hasKubernetes(t))) return
  await using cluster = await borrowKubernetes()
  await using folder = temporaryFolder('manifests')
  const apply = (text: string) => {
    const file = join(folder.path, 'manifest.yaml')
    writeFileSync(file, text)
    return cluster.kubectl('apply', '--server-side', '--field-manager=martello', '--warnings-as-errors', '-f', file)
  }
  await installCrds(cluster)
  for (const namespace of ['identity', 'martello']) await cluster.kubectl('create', 'namespace', namespace)
  const versions = new Set((await cluster.kubectl('api-versions')).trim().split('\n'))

  for (const [name, outpost] of [
    ...RECORDED_CASES.map((each) => [each, recordedOutpost(each)] as const),
    ['everything', everything] as const,
  ]) {
    await t.test(`CT-10, CT-19: ${name}`, async () => {
      const manifest = manifestOf(outpost, versions)
      await apply(manifest)
      // The server stores an empty value of a Secret in two ways, and takes one for a change of the other.
      await apply(manifest)
      const made = await versionsOf(cluster, outpost)
      assert.equal(made.trim().split('\n').length, manifest.match(/^kind: /gm)!.length)
      await apply(manifest)
      assert.equal(await versionsOf(cluster, outpost), made)
    })
  }

  for (const clusterWide of [false, true]) {
    await t.test(
      `the controller may what it must ${clusterWide ? 'everywhere' : 'where it is'}, and no more`,
      async () => {
        const host = ['--host', 'https://auth.example.com']
        const printed = martello([
          'manifests',
          'controller',
          '--namespace=martello',
          ...(clusterWide ? ['--cluster-wide'] : host),
        ])
        assert.equal(printed.code, 0, printed.stderr)
        await apply(printed.stdout)
        if (!clusterWide)
          assert.equal(
            await cluster.kubectl(
              'get',
              'deployment',
              '--namespace=martello',
              '--output=jsonpath={.items[*].spec.replicas}',
            ),
            '2',
          )
        const may = async (verb: string, resource: string, namespace: string) => {
          const who = '--as=system:serviceaccount:martello:martello-controller'
          const asked = ['auth', 'can-i', verb, resource, `--namespace=${namespace}`, who]
          return cluster.kubectl(...asked).then(
            () => true,
            () => false,
          )
        }
        await until('the rights', () => may('delete', 'deployments.apps', clusterWide ? 'identity' : 'martello'))
        assert.equal(await may('patch', 'middlewares.traefik.io', 'martello'), true)
        assert.equal(await may('update', 'leases.coordination.k8s.io', 'martello'), true)
        assert.equal(await may('create', 'secrets', 'identity'), clusterWide)
        assert.equal(await may('get', 'ingressclasses.networking.k8s.io', 'martello'), clusterWide)
        assert.equal(await may('update', 'leases.coordination.k8s.io', 'identity'), false)
        for (const resource of ['pods', 'configmaps', 'roles.rbac.authorization.k8s.io', 'serviceaccounts'])
          assert.equal(await may('create', resource, 'martello'), false, resource)
      },
    )
  }

  await t.test('what the command prints for an outpost is taken, for the cluster’s version', async () => {
    await using core = await startCore()
    const config = { kubernetes_namespace: 'identity', kubernetes_replicas: 2, kubernetes_replicas_max: 3 }
    const { pk } = (await core.api('GET', '/outposts/instances/?name__iexact=ldap')).body.results[0]
    const patched = await core.api('PATCH', `/outposts/instances/${pk}/`, { config })
    assert.equal(patched.status, 200, JSON.stringify(patched.body))
    const env = { MARTELLO_HOST: core.url, MARTELLO_TOKEN: ADMIN_TOKEN }
    const printed = async (...args: string[]) => {
      const command = [COMMAND, 'manifests', 'outpost', '--name=ldap', ...args]
      const { code, text } = await run(process.execPath, command, { env })
      assert.equal(code, 0, text)
      const file = join(folder.path, 'outpost.yaml')
      writeFileSync(file, text)
      return file
    }
    await assert.rejects(cluster.kubectl('apply', '-f', await printed()), /no matches for kind .* in version/)
    await cluster.kubectl('apply', '-f', await printed('--kubernetes-version=1.20'))
    const budget = ['poddisruptionbudget', 'ak-outpost-ldap', '--namespace=identity']
    assert.match(await cluster.kubectl('get', ...budget, '--output=name'), /ak-outpost-ldap/)
    const wrong = martello(['manifests', 'outpost', '--name=ldap', '--kubernetes-version=newest'], env)
    assert.equal(wrong.code, 2)
  })
})
