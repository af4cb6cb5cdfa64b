import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../api/client';
import { Confirm } from '../../ui/dialog';

type Props = {
  title: string;
  action: string;
  /** What is deleted, below /api. */
  path: string;
  /** The list that it is gone from. */
  list: QueryKey;
  children: ReactNode;
  onClose: () => void;
};

/** Asks before something of the project is deleted, and deletes it. */
export function ConfirmRemoval({ title, action, path, list, children, onClose }: Props) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => api.delete(path),
    onSuccess: async () => {
      onClose();
      await client.invalidateQueries({ queryKey: list });
    },
  });
  return (
    <Confirm
      title={title}
      action={action}
      danger
      pending={remove.isPending}
      error={remove.error}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    >
      {children}
    </Confirm>
  );
}
