// Our images in pods that a real kubelet runs: outposts, and controllers.
import { test } from 'node:test'
import { hasKubernetes } from '#test/support/engines/kubernetes.ts'
import { startKubernetesWithNode } from '#test/support/engines/kubernetes-node.ts'
import { hasTool } from '#test/support/engines/tools.ts'
import { buildImages } from '#test/support/images.ts'
import { controllersInPods } from './suites/controllers-in-pods.ts'
import { outpostsInPods } from './suites/outposts-in-pods.ts'

const TOOLS = {
  dockerd: 'docker.io',
  busybox: 'busybox-static',
  socat: 'socat',
  jq: 'jq',
  curl: 'curl',
  ldapsearch: 'ldap-utils',
}

test('pods', async (t) => {
  for (const [command, debian] of Object.entries(TOOLS)) if (!(await hasTool(t, command, debian))) return
  if (!(await hasKubernetes(t))) return
  const started = await startKubernetesWithNode()
  if ('impossible' in started) return t.skip(`no container can run here: ${started.impossible.slice(-300)}`)
  await using node = started
  const images = await buildImages(node.docker, ['core', 'outpost'])
  await t.test('outposts', (each) => outpostsInPods(each, node, images.outpost))
  await t.test('controllers', (each) => controllersInPods(each, node, images))
})
