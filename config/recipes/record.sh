#!/bin/sh
# Recording: the camera's stream as it is, in files of ten minutes. After a lost connection it starts
# again. Ctrl-C ends it.
#
#     sh record.sh /srv/porch
camera=${CAMERA:-http://porch.local} # with a password: http://admin:PASSWORD@porch.local
folder=${1:-.}

while :; do
    ffmpeg -nostdin -loglevel error -rw_timeout 10000000 -use_wallclock_as_timestamps 1 \
        -f mpjpeg -i "$camera/mjpg" -codec copy \
        -f segment -segment_time "${SEGMENT_S:-600}" -reset_timestamps 1 \
        -strftime 1 "$folder/%Y%m%d-%H%M%S.mkv"
    sleep 5
done
