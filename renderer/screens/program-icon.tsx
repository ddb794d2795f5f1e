import { useEffect, useState } from 'react';
import type { Prompt } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Icon } from '../ui/icon.tsx';
import styles from './prompt-dialog.module.css';

/** Of the program that asks; a neutral mark where the system has none for it. The words beside it say all that it says. */
export function ProgramIcon({ prompt: { id, process } }: { prompt: Prompt }) {
  const { run } = useAction();
  const [image, setImage] = useState<string>();
  const hasFile = process?.path !== undefined;

  useEffect(() => {
    let isShown = true;
    if (hasFile)
      void run('readProgramIcon', { id }).then((done) => {
        if (isShown) setImage(done?.reply.image);
        return undefined;
      });
    return () => {
      isShown = false;
    };
  }, [run, id, hasFile]);

  return (
    <span className={styles['icon']}>
      {image === undefined ? <Icon name="program" size={28} /> : <img src={image} alt="" />}
    </span>
  );
}
