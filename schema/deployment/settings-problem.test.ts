import assert from 'node:assert/strict'
import test from 'node:test'
import { settingsProblem } from './settings-problem.ts'

const accepted: readonly Record<string, unknown>[] = [
  {},
  { object_naming_template: 'edge-%(name)s-%(uuid)s' },
  { object_naming_template: '' },
  { container_image: `registry.test:5000/team/outpost@sha256:${'a'.repeat(64)}` },
  { container_image: null },
  { container_image: '' },
  { docker_network: 'web_net' },
  { docker_network: '', docker_networks: ['a', 'b'] },
  { docker_port_bindings: { '9000/tcp': '127.0.0.1:9080', '1812/udp': '', '6636/tcp': '[::1]:636' } },
  { docker_labels: { 'traefik.http.routers.x.rule': 'Host(`a`) && PathPrefix(`/`)', 'com.example/x': '' } },
  { kubernetes_namespace: 'team-1' },
  { kubernetes_service_type: 'LoadBalancer' },
  { kubernetes_disabled_components: ['ingress', 'prometheus servicemonitor'] },
  { kubernetes_ingress_annotations: { 'cert-manager.io/cluster-issuer': 'x', plain: 'y' } },
  { kubernetes_ingress_secret_name: '' },
  { kubernetes_ingress_path_type: 'Exact' },
  {
    kubernetes_httproute_parent_refs: [
      { name: 'gateway', namespace: 'infra', port: '8443' },
      { name: 'g', port: 80 },
    ],
  },
  { kubernetes_image_pull_secrets: ['registry.example'] },
  { of_somebody_else: '%(x)s' },
]
for (const config of accepted)
  test(`${JSON.stringify(config)} can be deployed`, () => assert.equal(settingsProblem(config), undefined))

const refused: ReadonlyArray<[config: Record<string, unknown>, told: RegExp]> = [
  [{ object_naming_template: 'x-%(nam)s' }, /object_naming_template.*%\(nam\)s/],
  [{ object_naming_template: '%s' }, /object_naming_template/],
  [{ container_image: 'not an image' }, /container_image/],
  [{ kubernetes_namespace: 'x'.repeat(100_000) }, /^.{0,300}$/],
  [{ container_image: 'a'.repeat(513) }, /container_image.*too long/],
  [{ docker_network: 'a b' }, /docker_network/],
  [{ docker_networks: ['a', ''] }, /docker_networks/],
  [{ docker_port_bindings: { '80/tcp': '80' } }, /docker_port_bindings.*9000/],
  [{ docker_port_bindings: { '9000/tcp': '70000' } }, /docker_port_bindings.*no port/],
  [{ docker_labels: { 'io.martello.spec-hash': 'x' } }, /docker_labels.*set by the controller/],
  [{ docker_labels: { '': 'x' } }, /docker_labels.*""/],
  [{ docker_labels: { 'a=b': 'x' } }, /docker_labels/],
  [{ docker_labels: { 'a b': 'x' } }, /docker_labels/],
  [{ docker_labels: { a: 'x\ny' } }, /docker_labels.*"a"/],
  [{ docker_labels: { 'io.goauthentik.outpost-uuid': 'x' } }, /docker_labels.*set by the controller/],
  [{ kubernetes_namespace: 'Team' }, /kubernetes_namespace/],
  [{ kubernetes_namespace: 'a.b' }, /kubernetes_namespace/],
  [{ kubernetes_namespace: 'a'.repeat(64) }, /kubernetes_namespace/],
  [{ kubernetes_namespace: 'a\n' }, /kubernetes_namespace/],
  [{ kubernetes_namespace: '' }, /kubernetes_namespace/],
  [{ kubernetes_service_type: 'clusterip' }, /kubernetes_service_type.*ClusterIP/],
  [{ kubernetes_service_type: 'ExternalName' }, /kubernetes_service_type/],
  [{ kubernetes_disabled_components: ['services'] }, /kubernetes_disabled_components.*did you mean "service"/],
  [{ kubernetes_disabled_components: ['constructor'] }, /kubernetes_disabled_components/],
  [{ kubernetes_ingress_annotations: { 'a b': 'x' } }, /kubernetes_ingress_annotations/],
  [{ kubernetes_ingress_secret_name: 'A' }, /kubernetes_ingress_secret_name/],
  [{ kubernetes_ingress_class_name: 'a/b' }, /kubernetes_ingress_class_name/],
  [{ kubernetes_ingress_path_type: 'Regex' }, /kubernetes_ingress_path_type/],
  [{ kubernetes_httproute_parent_refs: [{}] }, /kubernetes_httproute_parent_refs.*0: name/],
  [{ kubernetes_httproute_parent_refs: [{ name: 'g', port: 'x' }] }, /kubernetes_httproute_parent_refs.*port/],
  [{ kubernetes_httproute_parent_refs: [{ name: 'g', nam: 'x' }] }, /kubernetes_httproute_parent_refs.*"nam"/],
  [{ kubernetes_image_pull_secrets: ['ok', 'Not'] }, /kubernetes_image_pull_secrets.*"Not"/],
  [{ kubernetes_replicas: 'two' }, /kubernetes_replicas/],
]
for (const [config, told] of refused)
  test(`${JSON.stringify(config).slice(0, 80)} is refused`, () => assert.match(String(settingsProblem(config)), told))
