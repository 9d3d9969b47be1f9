import type { ContainerStreams } from '../contract.ts';
import type { GrpcService } from '../grpc.ts';
import { RuntimeError } from '../runtime-error.ts';

export async function attachToContainer(_cri: GrpcService, _id: string, _options: { stdin: boolean; tty: boolean; stdout: boolean; stderr: boolean }): Promise<ContainerStreams> {
  throw new RuntimeError('UNIMPLEMENTED', 'attach');
}
