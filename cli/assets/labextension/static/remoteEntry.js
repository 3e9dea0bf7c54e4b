// The panel "Variables" of JupyterLab and Notebook 7: names, types and contents of the session's variables, told by the kernel over a
// comm after every cell. A federated module written by hand, so that nothing has to be bundled.
(() => {
  const NAME = 'terracube-variables';
  const TARGET = 'terracube.variables';
  let shared = {};

  // A module that JupyterLab shares with its extensions.
  const load = async name => (await Object.values(shared[name])[0].get())();

  const row = (kind, words) => {
    const line = document.createElement('tr');
    for (const [index, word] of words.entries()) {
      const cell = document.createElement(kind);
      cell.textContent = word; // never HTML: names and contents come from data
      cell.style.cssText = 'text-align: left; vertical-align: top; padding: 2px 6px;';
      cell.style.overflowWrap = index < 2 ? 'normal' : 'anywhere';
      line.appendChild(cell);
    }
    return line;
  };

  const draw = (node, variables) => {
    node.replaceChildren();
    if (!variables || !variables.length) {
      const hint = document.createElement('p');
      hint.textContent = variables ? 'no variables' : 'no Terracube notebook';
      hint.style.padding = '8px';
      node.appendChild(hint);
      return;
    }
    const table = document.createElement('table');
    table.style.cssText = 'width: 100%; border-collapse: collapse; font-size: var(--jp-ui-font-size1);';
    table.appendChild(row('th', ['variable', 'type', 'holds']));
    for (const { name, type, summary } of variables) {
      table.appendChild(row('td', [name, type, summary || '']));
    }
    node.appendChild(table);
  };

  // Follows the kernel of the notebook in front, as long as the panel is seen.
  class Follower {
    constructor(node) {
      this.node = node;
      this.seen = false;
      draw(node, null);
    }

    setContext(context) {
      if (this.context === context) return;
      this.context?.kernelChanged.disconnect(this.follow, this);
      this.context = context;
      this.context?.kernelChanged.connect(this.follow, this);
      this.follow();
    }

    show(seen) {
      this.seen = seen;
      this.follow();
    }

    async follow() {
      const kernel = this.seen ? this.context?.session?.kernel : null;
      if (kernel === this.kernel) return;
      this.kernel?.statusChanged.disconnect(this.status, this);
      this.comm?.isDisposed === false && this.comm.close();
      this.comm = null;
      this.kernel = kernel;
      draw(this.node, null);
      if (!kernel) return;
      const { implementation } = await kernel.info;
      // Meanwhile another kernel may have come, or another call have opened the comm.
      if (kernel !== this.kernel || this.comm || implementation !== 'terracube') return;
      kernel.statusChanged.connect(this.status, this);
      this.open();
    }

    // A restart takes the comm away.
    status(kernel, status) {
      if (['restarting', 'autorestarting', 'dead', 'terminating'].includes(status)) {
        this.comm = null;
        draw(this.node, []);
      } else if (status === 'idle' && !this.comm) {
        this.open();
      }
    }

    open() {
      this.comm = this.kernel.createComm(TARGET);
      this.comm.onMsg = message => draw(this.node, message.content.data.variables);
      this.comm.open({});
    }
  }

  const plugin = (Widget, INotebookTracker) => ({
    id: `${NAME}:panel`,
    description: 'Lists the variables of the notebook in front.',
    autoStart: true,
    requires: [INotebookTracker],
    activate: (app, tracker) => {
      const panel = new (class extends Widget {
        onAfterShow() {
          this.follower.show(true);
        }
        onAfterHide() {
          this.follower.show(false);
        }
      })();
      panel.id = NAME;
      panel.title.label = 'Variables';
      panel.title.caption = 'Variables of the notebook';
      panel.node.style.overflow = 'auto';
      panel.node.style.background = 'var(--jp-layout-color1)';
      panel.follower = new Follower(panel.node);
      const update = () => panel.follower.setContext(tracker.currentWidget?.sessionContext ?? null);
      tracker.currentChanged.connect(update);
      app.shell.add(panel, 'right', { rank: 900 });
      update();
      app.commands.addCommand(`${NAME}:show`, { label: 'Show Variables', execute: () => app.shell.activateById(NAME) });
    }
  });

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: scope => {
      shared = scope;
    },
    get: async () => {
      const [{ Widget }, { INotebookTracker }] = await Promise.all([load('@lumino/widgets'), load('@jupyterlab/notebook')]);
      const made = { __esModule: true, default: plugin(Widget, INotebookTracker) };
      return () => made;
    }
  };
})();
