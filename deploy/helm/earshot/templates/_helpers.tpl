{{/* Names, labels, and the pod that all roles and the migration share. */}}
{{- define "earshot.name" -}}
{{- if contains "earshot" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-earshot" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "earshot.selector" -}}
app.kubernetes.io/name: earshot
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "earshot.labels" -}}
{{ include "earshot.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "earshot.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* What cannot be guessed is asked for at once, with a sentence. */}}
{{- define "earshot.check" -}}
{{- $v := .Values -}}
{{- $_ := required "kafka.brokers: host:port of the brokers, with commas" $v.kafka.brokers -}}
{{- $_ := required "clickhouse.url: e.g. http://clickhouse:8123" $v.clickhouse.url -}}
{{- $_ := required "existingSecret: name of a Secret with the keys secret and clickhouse-password (docs/deploy.md)" $v.existingSecret -}}
{{- if not $v.acceptUnauthenticated -}}
{{- fail "acceptUnauthenticated: nothing is authenticated yet; put a proxy that authenticates in front, then set it to true" -}}
{{- end -}}
{{- if and (ne $v.kafka.sasl "none") (not $v.kafka.user) -}}
{{- fail "kafka.user: kafka.sasl needs it, and the key kafka-password in existingSecret" -}}
{{- end -}}
{{- if and $v.analyze.autoscaling.enabled (gt (int $v.analyze.autoscaling.maxReplicas) (int $v.kafka.partitions)) -}}
{{- fail "analyze.autoscaling.maxReplicas: more than kafka.partitions; the processes beyond would have no calls" -}}
{{- end -}}
{{- if gt (int $v.analyze.autoscaling.minReplicas) (int $v.analyze.autoscaling.maxReplicas) -}}
{{- fail "analyze.autoscaling: minReplicas is more than maxReplicas" -}}
{{- end -}}
{{- end }}

{{/* The settings of all roles, later ones before earlier ones; the role's own last. */}}
{{- define "earshot.env" -}}
{{- $v := .root.Values -}}
{{- $env := dict
  "EARSHOT_HOST" "0.0.0.0"
  "EARSHOT_PORT" "8787"
  "EARSHOT_ALLOW_UNAUTHENTICATED" "1"
  "EARSHOT_CLICKHOUSE_URL" $v.clickhouse.url
  "EARSHOT_CLICKHOUSE_USER" $v.clickhouse.user
  "EARSHOT_CLICKHOUSE_PASSWORD_FILE" "/etc/earshot/secret/clickhouse-password"
  "EARSHOT_SECRET_FILE" "/etc/earshot/secret/secret"
  "EARSHOT_KAFKA_BROKERS" $v.kafka.brokers
  "EARSHOT_KAFKA_TOPIC_PREFIX" $v.kafka.topicPrefix
  "EARSHOT_KAFKA_GROUP" $v.kafka.group
  "EARSHOT_KAFKA_PARTITIONS" ($v.kafka.partitions | toString)
  "EARSHOT_KAFKA_REPLICAS" ($v.kafka.replicas | toString)
  "EARSHOT_KAFKA_TLS" (ternary "1" "0" $v.kafka.tls.enabled)
  "EARSHOT_KAFKA_SASL" $v.kafka.sasl -}}
{{- if ne $v.kafka.sasl "none" -}}
{{- $_ := set $env "EARSHOT_KAFKA_USER" $v.kafka.user -}}
{{- $_ := set $env "EARSHOT_KAFKA_PASSWORD_FILE" "/etc/earshot/secret/kafka-password" -}}
{{- end -}}
{{- if and $v.kafka.tls.enabled $v.kafka.tls.existingSecret -}}
{{- $_ := set $env "EARSHOT_KAFKA_CA_FILE" "/etc/earshot/kafka-tls/ca.crt" -}}
{{- if $v.kafka.tls.clientCertificate -}}
{{- $_ := set $env "EARSHOT_KAFKA_CERT_FILE" "/etc/earshot/kafka-tls/tls.crt" -}}
{{- $_ := set $env "EARSHOT_KAFKA_KEY_FILE" "/etc/earshot/kafka-tls/tls.key" -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := merge (dict) .own $v.settings $env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "earshot.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "earshot.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "earshot.mounts" -}}
- name: secret
  mountPath: /etc/earshot/secret
  readOnly: true
{{- if and .Values.kafka.tls.enabled .Values.kafka.tls.existingSecret }}
- name: kafka-tls
  mountPath: /etc/earshot/kafka-tls
  readOnly: true
{{- end }}
{{- end }}

{{- define "earshot.volumes" -}}
- name: secret
  secret:
    secretName: {{ .Values.existingSecret }}
    defaultMode: 0440
{{- if and .Values.kafka.tls.enabled .Values.kafka.tls.existingSecret }}
- name: kafka-tls
  secret:
    secretName: {{ .Values.kafka.tls.existingSecret }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{/* What every pod says, whatever it runs. Links of services would be variables that begin with EARSHOT_ and are no settings. */}}
{{- define "earshot.podCommon" -}}
enableServiceLinks: false
automountServiceAccountToken: false
securityContext:
  {{- include "earshot.podSecurity" . | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}
