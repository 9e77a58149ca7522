import type { KubernetesObject } from '../desired-object.ts'
import { type Basis, metadata } from './basis.ts'
import { type RoutedHost, routedHosts } from './hosts.ts'

/** compat: sessions of the reference's outposts stay with one pod, and its headers are large. */
const ANNOTATIONS = {
  'nginx.ingress.kubernetes.io/affinity': 'cookie',
  'nginx.ingress.kubernetes.io/proxy-buffers-number': '4',
  'nginx.ingress.kubernetes.io/proxy-buffer-size': '16k',
  'nginx.ingress.kubernetes.io/proxy-busy-buffers-size': '32k',
  'traefik.ingress.kubernetes.io/affinity': 'true',
}
/** Makes Traefik answer on TLS only. */
const TLS_ANNOTATION = { 'traefik.ingress.kubernetes.io/router.tls': 'true' }

/** One rule per host; nothing without a host. */
export function ingress(basis: Basis): readonly KubernetesObject[] {
  const hosts = routedHosts(basis.outpost)
  const { settings } = basis.outpost
  if (hosts.length === 0) return []
  const encrypted = hosts.filter(({ isHttps }) => isHttps).map(({ host }) => host)
  const { kubernetes_ingress_class_name: className, kubernetes_ingress_secret_name: secretName } = settings
  const annotations = {
    ...ANNOTATIONS,
    ...(encrypted.length > 0 ? TLS_ANNOTATION : {}),
    ...settings.kubernetes_ingress_annotations,
  }
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: metadata(basis, { annotations }),
      spec: {
        ...(className ? { ingressClassName: className } : {}),
        rules: hosts.map((host) => rule(host, basis.name, settings.kubernetes_ingress_path_type || 'Prefix')),
        ...(encrypted.length > 0 && secretName !== '' ? { tls: [{ hosts: encrypted, secretName }] } : {}),
      },
    },
  ]
}

const rule = ({ host, paths }: RoutedHost, name: string, pathType: string) => ({
  host,
  http: { paths: paths.map((path) => ({ path, pathType, backend: { service: { name, port: { name: 'http' } } } })) },
})
