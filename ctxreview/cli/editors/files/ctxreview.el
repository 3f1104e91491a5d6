;;; ctxreview.el --- ctxreview on the region, in the buffer as it is -*- lexical-binding: t -*-

;; M-x ctxreview-review, ctxreview-prompt, ctxreview-context: the region, or the line of point.
;; M-x ctxreview-server: eglot with ctxreview in this buffer, which shows findings as you type.

(defvar ctxreview-command "@ctxreview@" "The program, or its path.")

(defun ctxreview--lines ()
  "The lines of the region, or of point, as ctxreview takes them."
  (let ((first (if (use-region-p) (region-beginning) (point)))
        (last (if (use-region-p) (max (region-beginning) (1- (region-end))) (point))))
    (format "%d-%d" (line-number-at-pos first t) (line-number-at-pos last t))))

(defun ctxreview--run (action)
  "Show what ctxreview says by ACTION of the region, saved or not."
  (let ((arguments (list action (ctxreview--lines) "--stdin" "--path" (buffer-file-name)))
        (target (get-buffer-create "*ctxreview*")))
    (with-current-buffer target (setq buffer-read-only nil) (erase-buffer))
    (let ((coding-system-for-write 'utf-8-unix) (coding-system-for-read 'utf-8))
      (save-restriction
        (widen)
        (apply #'call-process-region (point-min) (point-max) ctxreview-command nil target nil arguments)))
    (with-current-buffer target (goto-char (point-min)) (special-mode))
    (display-buffer target)))

(defun ctxreview-review () "Review the region with full context." (interactive) (ctxreview--run "review"))
(defun ctxreview-prompt () "Show the complete prompt." (interactive) (ctxreview--run "prompt"))
(defun ctxreview-context () "Show what a model would see." (interactive) (ctxreview--run "context"))

(defun ctxreview-server ()
  "Start the language server for this buffer's mode."
  (interactive)
  (require 'eglot)
  (eval `(let ((eglot-server-programs '((,major-mode . (,ctxreview-command "lsp"))))) (call-interactively #'eglot))))

(provide 'ctxreview)
;;; ctxreview.el ends here
