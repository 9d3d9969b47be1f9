// The commands of kubectl that people use all day, unmodified, against real containers. Each block stands for a row
// of `kubectl --help`; texts asserted are those that scripts parse.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, eventually, kubectl, kubectlFails, kubectlJson, page, start } from './clients.ts';

const ns = 'kubectl-test';
const k = (args: string): string => kubectl(`-n ${ns} ${args}`);
const folder = mkdtempSync(join(tmpdir(), 'skiff-kubectl-'));
const image = 'skiff.local/busybox:1';

const deployment = (replicas: number, more = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web
        image: ${image}
        command: [sh, -c, 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www']
        ports: [{containerPort: 8080, name: http}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
${more}`;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

beforeAll(() => {
  kubectl(`create namespace ${ns}`);
  k(`apply -f ${file('web.yaml', deployment(2))}`);
  k('rollout status deployment/web --timeout=60s');
});
afterAll(() => {
  attempt('kubectl', ['delete', 'namespace', ns, '--wait=true', '--timeout=90s']);
});

describe('looking', () => {
  test('version, cluster-info, api-resources, api-versions, explain', () => {
    expect(kubectl('version')).toMatch(/Server Version: v1\.36/);
    expect(kubectl('cluster-info')).toContain('Kubernetes control plane');
    const resources = kubectl('api-resources');
    expect(resources).toMatch(/deployments +deploy +apps\/v1 +true +Deployment/);
    expect(resources).toMatch(/pods +po +v1 +true +Pod/);
    expect(kubectl('api-versions')).toContain('batch/v1');
    expect(kubectl('explain deployment.spec.replicas')).toMatch(/FIELD: replicas <integer>[\s\S]*Number of desired pods/);
    expect(kubectl('explain pod --recursive')).toMatch(/containers\s+<\[\]Container>/);
  });
  test('get in every output', () => {
    expect(k('get deploy web')).toMatch(/NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2/);
    expect(k('get pods -o wide')).toMatch(/NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES/);
    expect(k('get deploy web -o yaml')).toContain('kind: Deployment');
    expect(k('get deploy -o name')).toBe('deployment.apps/web\n');
    expect(k('get deploy web -o jsonpath={.spec.replicas}')).toBe('2');
    expect(k('get pods -o custom-columns=N:.metadata.name,P:.status.phase')).toMatch(/N +P\nweb-\S+ +Running/);
    expect(kubectl('get pods -A')).toMatch(/NAMESPACE +NAME/);
    expect(k('get pods -l app=web -o name').trim().split('\n')).toHaveLength(2);
    expect(k('get pods -l app!=web')).toBe('');
    expect(k('get pods --field-selector status.phase=Running -o name').trim().split('\n')).toHaveLength(2);
    expect(k('get pods --sort-by .metadata.name')).toContain('web-');
    expect(k('get all')).toMatch(/pod\/web-[\s\S]*deployment\.apps\/web[\s\S]*replicaset\.apps\/web-/);
    expect(kubectlFails(`-n ${ns} get pod nope`)).toBe('Error from server (NotFound): pods "nope" not found\n');
  });
  test('get -w sees a change', async () => {
    const watch = start('kubectl', ['-n', ns, 'get', 'configmap', '-w', '-o', 'name']);
    await watch.until(/kube-root-ca/);
    k('create configmap watched --from-literal=a=1');
    await watch.until(/configmap\/watched/);
    await watch.stop();
  });
  test('describe and events', () => {
    const pod = k('get pods -l app=web -o name').split('\n')[0] ?? '';
    const text = k(`describe ${pod}`);
    expect(text).toMatch(/Node: +\S+\/[\d.]+/);
    expect(text).toMatch(/Ready +True/);
    expect(text).toMatch(/Normal +Scheduled[\s\S]*Normal +Started/);
    expect(k('describe deployment web')).toContain('RollingUpdateStrategy');
    expect(kubectl('describe nodes')).toMatch(/Allocated resources/);
    expect(k('events')).toMatch(/Scheduled/);
    expect(k('get events --field-selector reason=Started')).toContain('Started');
  });
  test('auth', () => {
    expect(kubectl('auth can-i create pods').trim()).toBe('yes');
    expect(attempt('kubectl', ['auth', 'can-i', 'create', 'pods', '--as', 'nobody']).stdout.trim()).toBe('no');
    expect(kubectl('auth whoami')).toMatch(/Username +kubernetes-admin/);
    expect(kubectl('auth can-i --list')).toContain('*.*');
  });
});

describe('changing', () => {
  test('create, apply, dry run, diff, replace', () => {
    expect(k('create configmap cm --from-literal=a=1')).toBe('configmap/cm created\n');
    expect(kubectlFails(`-n ${ns} create configmap cm --from-literal=a=1`)).toBe('error: failed to create configmap: configmaps "cm" already exists\n');
    expect(k('create secret generic s --from-literal=p=q')).toBe('secret/s created\n');
    expect(k(`apply -f ${file('web.yaml', deployment(2))}`)).toBe('deployment.apps/web unchanged\n');
    const three = file('three.yaml', deployment(3));
    const diff = attempt('kubectl', ['-n', ns, 'diff', '-f', three]);
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/-  replicas: 2\n\+  replicas: 3/);
    expect(k(`apply -f ${three} --dry-run=server`)).toBe('deployment.apps/web configured (server dry run)\n');
    expect(k('get deploy web -o jsonpath={.spec.replicas}')).toBe('2');
    expect(k(`apply -f ${three}`)).toBe('deployment.apps/web configured\n');
    expect(k(`replace -f ${file('cm.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {b: "2"}\n')}`)).toBe('configmap/cm replaced\n');
    expect(k('get cm cm -o jsonpath={.data}')).toBe('{"b":"2"}');
  });
  test('server-side apply and its conflicts', () => {
    const mine = file('ssa.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {k: mine}\n');
    const yours = file('ssa2.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ssa}\ndata: {k: yours}\n');
    expect(k(`apply --server-side -f ${mine}`)).toBe('configmap/ssa serverside-applied\n');
    expect(kubectlFails(`-n ${ns} apply --server-side --field-manager other -f ${yours}`)).toMatch(/conflict with "kubectl": \.data\.k/);
    expect(k(`apply --server-side --field-manager other --force-conflicts -f ${yours}`)).toBe('configmap/ssa serverside-applied\n');
    expect(k('get cm ssa -o jsonpath={.data.k}')).toBe('yours');
  });
  test('patch, three kinds; label, annotate, set', () => {
    k('patch deploy web -p {"spec":{"minReadySeconds":1}}');
    k('patch deploy web --type merge -p {"metadata":{"labels":{"merged":"yes"}}}');
    k('patch deploy web --type json -p [{"op":"replace","path":"/spec/replicas","value":2}]');
    expect(kubectlJson(`-n ${ns} get deploy web`)).toMatchObject({ metadata: { labels: { merged: 'yes' } }, spec: { replicas: 2, minReadySeconds: 1 } });
    expect(k('label deploy web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(k('annotate deploy web note=hello')).toBe('deployment.apps/web annotated\n');
    expect(k('label deploy web tier-')).toBe('deployment.apps/web unlabeled\n');
    expect(k('set env deploy/web COLOR=blue')).toBe('deployment.apps/web env updated\n');
    expect(k('set resources deploy/web --limits=cpu=200m,memory=64Mi')).toBe('deployment.apps/web resource requirements updated\n');
    expect(k(`set image deploy/web web=${image}`)).toBe('');
    k('rollout status deploy/web --timeout=90s');
  });
  test('edit', () => {
    const editor = file('editor.sh', '#!/bin/sh\nsed -i "s/b: .*/b: edited/" "$1"\n');
    attempt('chmod', ['+x', editor]);
    expect(attempt('kubectl', ['-n', ns, 'edit', 'cm', 'cm'], { env: { KUBE_EDITOR: editor } })).toMatchObject({ code: 0, stdout: 'configmap/cm edited\n' });
    expect(k('get cm cm -o jsonpath={.data.b}')).toBe('edited');
  });
  test('scale, expose, rollout history, undo, restart, pause', async () => {
    expect(k('scale deploy web --replicas=3')).toBe('deployment.apps/web scaled\n');
    k('rollout status deploy/web --timeout=60s');
    expect(k('expose deploy web --port=80 --target-port=8080')).toBe('service/web exposed\n');
    const ip = k('get svc web -o jsonpath={.spec.clusterIP}');
    await eventually('the service answers', async () => ((await page(`http://${ip}`)).startsWith('web-') || undefined));
    expect(k('rollout history deploy/web')).toMatch(/REVISION +CHANGE-CAUSE\n1/);
    expect(k('rollout undo deploy/web')).toBe('deployment.apps/web rolled back\n');
    k('rollout status deploy/web --timeout=90s');
    expect(k('rollout restart deploy/web')).toBe('deployment.apps/web restarted\n');
    k('rollout status deploy/web --timeout=90s');
    expect(k('rollout pause deploy/web')).toBe('deployment.apps/web paused\n');
    expect(k('rollout resume deploy/web')).toBe('deployment.apps/web resumed\n');
  });
  test('strict validation names the field; unknown fields are refused', () => {
    const bad = file('bad.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec: {containers: [{name: c, image: i, imge: x}]}\n');
    expect(kubectlFails(`-n ${ns} apply -f ${bad}`)).toMatch(/strict decoding error: unknown field "spec.containers\[0\].imge"/);
    const invalid = file('invalid.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: [{name: c, image: i}]}\n');
    expect(kubectlFails(`-n ${ns} apply -f ${invalid}`)).toMatch(/The Pod "Bad_Name" is invalid: metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/);
  });
});

describe('running', () => {
  const loop = 'trap "exit 0" TERM; echo started; i=0; while true; do i=$((i+1)); echo line $i; sleep 1; done';
  beforeAll(() => {
    kubectl(['-n', ns, 'run', 'one', `--image=${image}`, '--restart=Never', '--command', '--', 'sh', '-c', loop]);
    k('wait --for=condition=Ready pod/one --timeout=60s');
  });
  test('logs: whole, followed, since, tail', async () => {
    expect(k('logs one')).toMatch(/^started\nline 1\n/);
    expect(k('logs one --tail=1').trim().split('\n')).toHaveLength(1);
    expect(k('logs one --since=1h')).toContain('started');
    expect(k('logs one -c one --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT.*Z started/);
    const follow = start('kubectl', ['-n', ns, 'logs', '-f', 'one']);
    await follow.until(/line 4/);
    await follow.stop();
    expect(kubectlFails(`-n ${ns} logs one --previous`)).toContain('previous terminated container "one" in pod "one" not found');
  });
  test('exec: output, exit code, stdin', () => {
    expect(k('exec one -- echo hello')).toBe('hello\n');
    const failed = attempt('kubectl', ['-n', ns, 'exec', 'one', '--', 'sh', '-c', 'echo oops >&2; exit 7']);
    expect(failed).toMatchObject({ code: 7, stderr: 'oops\ncommand terminated with exit code 7\n' });
    expect(kubectl(['-n', ns, 'exec', '-i', 'one', '--', 'cat'], 'through stdin')).toBe('through stdin');
  });
  test('exec -it gives a terminal', async () => {
    // script(1) gives kubectl a terminal of its own.
    const shell = start('script', ['-qec', `stty rows 40 cols 100; kubectl -n ${ns} exec -it one -- sh`, '/dev/null']);
    await shell.until(/# /);
    shell.write('tty && echo size $(stty size)\n');
    await shell.until(/\/dev\/pts\/\d+[\s\S]*size 40 100/);
    shell.write('exit\n');
    await eventually('the shell ends', () => (shell.child.exitCode === null ? undefined : true));
  });
  test('cp both ways', () => {
    const source = file('payload.txt', 'some bytes\n'.repeat(10_000));
    k(`cp ${source} one:/tmp/payload.txt`);
    k(`cp one:/tmp/payload.txt ${join(folder, 'back.txt')}`);
    expect(readFileSync(join(folder, 'back.txt'), 'utf8')).toBe(readFileSync(source, 'utf8'));
  });
  test('attach sees output', async () => {
    const attached = start('kubectl', ['-n', ns, 'attach', 'one']);
    await attached.until(/line \d+/);
    await attached.stop();
  });
  test('port-forward to a pod and to a service', async () => {
    for (const target of ['deploy/web', 'svc/web']) {
      const forward = start('kubectl', ['-n', ns, 'port-forward', target, target.startsWith('svc') ? ':80' : ':8080']);
      const port = /127\.0\.0\.1:(\d+)/.exec(await forward.until(/Forwarding from 127\.0\.0\.1:\d+/))?.[1];
      expect(await page(`http://127.0.0.1:${port}`)).toMatch(/^web-/);
      await forward.stop();
    }
  });
  test('delete: grace, wait, cascade', () => {
    expect(k('delete pod one --grace-period=1')).toBe(`pod "one" deleted from ${ns} namespace\n`);
    expect(kubectlFails(`-n ${ns} get pod one`)).toContain('NotFound');
    kubectl(['-n', ns, 'create', 'deployment', 'orphaned', `--image=${image}`, '--replicas=1', '--', 'sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1; done']);
    k('rollout status deploy/orphaned --timeout=60s');
    k('delete deploy orphaned --cascade=orphan');
    expect(k('get rs -l app=orphaned -o name')).toMatch(/replicaset\.apps\/orphaned-/);
    k('delete rs -l app=orphaned --cascade=foreground --wait --timeout=60s');
    expect(k('get pods -l app=orphaned -o name')).toBe('');
  });
  test('a crashing container: restarts, back-off, previous logs', async () => {
    kubectl(['-n', ns, 'run', 'crash', `--image=${image}`, '--command', '--', 'sh', '-c', 'echo last words; exit 3']);
    await eventually('a restart', () => (Number(k('get pod crash -o jsonpath={.status.containerStatuses[0].restartCount}') || 0) >= 1 ? true : undefined));
    await eventually('back-off', () => (k('get pod crash').includes('CrashLoopBackOff') || undefined));
    expect(k('logs crash --previous')).toBe('last words\n');
    expect(k('get pod crash -o jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}')).toBe('3');
    k('delete pod crash --now');
  });
  test('an image that is nowhere', async () => {
    kubectl(['-n', ns, 'run', 'noimage', '--image=skiff.local/nothing:1']);
    await eventually('ErrImagePull', () => (/ErrImagePull|ImagePullBackOff/.test(k('get pod noimage')) || undefined));
    k('delete pod noimage --now');
  });
});
